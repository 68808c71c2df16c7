"""Make what a peer said fit to be kept and shown."""

from __future__ import annotations

import unicodedata

# Overrides and isolates could turn a line of the log around.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_answer(said: bytes | str, max_bytes: int = 20_000) -> str:
    """Decode, drop control characters except newline and tab, and cut to `max_bytes` of UTF-8."""
    raw = said.encode("utf-8", "replace") if isinstance(said, str) else said
    text = raw[:max_bytes].decode("utf-8", "replace").replace("\r\n", "\n")
    kept = "".join(char for char in text if _is_harmless(char))
    return kept.encode()[:max_bytes].decode("utf-8", "ignore")


def one_line(said: str, max_chars: int = 200) -> str:
    """Fold white space and cut, for use within a sentence."""
    line = " ".join(clean_answer(said).split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def _is_harmless(char: str) -> bool:
    return char in "\n\t" or (unicodedata.category(char) not in ("Cc", "Cs") and char not in _BIDI)
