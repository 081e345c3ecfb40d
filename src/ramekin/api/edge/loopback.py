"""Names and addresses that stand for this machine alone.

Source: RFC 6761, section 6.3 (localhost); RFC 1122, section 3.2.1.3 (127.0.0.0/8); RFC 4291, section 2.5.3 (::1).
"""

from __future__ import annotations

import ipaddress


def is_loopback(name: str) -> bool:
    """Say whether a name in small letters, or an address without brackets, is one of this machine's own."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
