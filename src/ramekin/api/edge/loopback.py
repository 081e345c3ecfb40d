"""Names and addresses that stand for this machine alone, and addresses as such.

Source: RFC 6761, section 6.3 (localhost); RFC 1122, section 3.2.1.3 (127.0.0.0/8); RFC 4291, section 2.5.3 (::1).
"""

from __future__ import annotations

import ipaddress


def is_address(name: str) -> bool:
    """Say whether a name is an address without brackets."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Say whether a name in small letters, or an address without brackets, is one of this machine's own."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    if not is_address(name):
        return False
    address = ipaddress.ip_address(name)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
