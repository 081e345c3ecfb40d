"""Texts in the order in which browsers compare them: ``_a``, ``10``, ``9``, ``a``, ``A``, ``ä``, ``b``.

Letters count first, then their accents, then their case. It is the order of `localeCompare` for ASCII and for letters
of Latin scripts; other scripts come by their code points. Knows nothing of records.

Source: Unicode Technical Standard 10, whose root collation this abridges.
"""

from __future__ import annotations

from unicodedata import category, normalize

_SIGNS = b"\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz"
"""What ASCII can print, in order."""

_FIRST = 128 - len(_SIGNS)


def _places() -> bytes:
    """Return for each byte what it is compared by; those above ASCII stay, so texts beyond it keep their order."""
    places = bytearray(range(256))
    places[:128] = bytes(128)
    for place, sign in enumerate(_SIGNS, _FIRST):
        places[sign] = places[ord(chr(sign).upper())] = place
    return bytes(places)


_PLACES = _places()
_CASE = bytes(65 <= byte <= 90 for byte in range(256))

TextKey = tuple[bytes, str, bytes]


def text_key(text: str) -> TextKey:
    """Return what a text is sorted by. Cost: O(length)."""
    if text.isascii():
        plain = text.encode()
        return plain.translate(_PLACES), "", plain.translate(_CASE)
    parts = normalize("NFD", text)
    letters = "".join(sign for sign in parts if category(sign) != "Mn")
    accents = "".join(sign if category(sign) == "Mn" else " " for sign in parts)
    case = bytes(sign.isupper() for sign in letters)
    folded = letters.casefold().encode(errors="surrogatepass")
    return folded.translate(_PLACES), accents.rstrip(), case
