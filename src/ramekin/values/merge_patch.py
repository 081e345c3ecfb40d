"""Merge patches: what a JSON value is once some of its members are replaced. Knows no operations."""

from __future__ import annotations

from typing import Any

from ramekin.values.codec import read_body
from ramekin.values.paths import LONG_BYTES, outer


def merge_patch(target: Any, patch: Any) -> Any:
    """Return a value changed as a merge patch says: null removes a member, objects merge, all else replaces.

    Source: RFC 7396, section 2. Cost: O(size of both).
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value) if isinstance(value, dict) else value
    return merged


def patched(body: bytes, patch: dict[str, Any], is_whole: bool) -> dict[str, Any]:
    """Return what a patch makes of a stored record. Of a long one, what stays is not read unless it is wanted whole."""
    if is_whole or len(body) <= LONG_BYTES:
        merged: dict[str, Any] = read_body(body)
    else:
        merged = outer(body, ["id", *[name for name, value in patch.items() if type(value) is dict]])
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value) if type(value) is dict else value
    return merged
