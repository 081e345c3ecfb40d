"""Merge patches: what becomes of a JSON value that some members are sent of. Knows no records."""

from __future__ import annotations

from typing import Any


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
