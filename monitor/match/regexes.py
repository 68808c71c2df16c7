"""Search by regular expressions in linear time (RE2), with every defect cured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import re2

MAX_PATTERN_CHARS = 500
MAX_PROGRAM = 4_000
"""Instructions: each may cost a few nanoseconds a character (four classes such as \\pL fit)."""
MAX_MEMORY_BYTES = 2 << 20
"""Of one expression's automaton; beyond it RE2 goes on without one, slower and still linear."""
MAX_HITS = 1_000
"""In one field: each may look at the rest of a line, so more would not be linear."""

_CURES = {
    "invalid perl operator: (?=": "RE2 has no look-around: write what stands there itself",
    "invalid perl operator: (?!": "RE2 has no look-around: exclude it with NOT",
    "invalid perl operator: (?<": "RE2 has no look-around: write what stands there itself",
    "missing ": "close every parenthesis and bracket; a literal one is written \\( or \\[",
    "unexpected ": "open every parenthesis that is closed; a literal one is written \\)",
    "no argument ": "write a literal sign with a stroke before it, such as \\* or \\+",
    "bad repetition": "one repetition sign at a time; RE2 has no possessive ones",
    "invalid repetition size": "repeat 1,000 times at most",
    "pattern too large": "make it shorter, or split it",
}
_HALF = re.compile("[\ud800-\udfff]")
_OTHERWISE = "see the syntax of RE2"


def fault(pattern: str) -> tuple[str, str] | None:
    """Say what keeps a pattern from being used, and the cure; None if nothing does."""
    if len(pattern) > MAX_PATTERN_CHARS:
        what = f"a regular expression of {len(pattern):,} characters, {MAX_PATTERN_CHARS} are read"
        return what, "split it"
    if _HALF.search(pattern):
        return "half a character (a surrogate) in a regular expression", "delete it"
    try:
        compiled = _compiled(pattern)
    except re2.error as error:
        reason = _text(error.args[0])
        if reason.startswith("invalid escape sequence: \\") and reason[-1] in "123456789k":
            return "a back-reference in a regular expression", "RE2 has none: write the text out"
        cures = (cure for start, cure in _CURES.items() if reason.startswith(start))
        return f"not a regular expression: {reason}", next(cures, _OTHERWISE)
    if compiled.programsize > MAX_PROGRAM:
        return "this regular expression is too costly", "use fewer repetitions or classes"
    if compiled.search("") is not None:
        return "this regular expression finds the empty text", "write what must be there"
    return None


def hits(pattern: str, text: str, limit: int = MAX_HITS) -> list[tuple[int, int]]:
    """List the first places, half-open code points, where a pattern finds something."""
    return list(islice(_hits(pattern, text), min(limit, MAX_HITS)))


def _hits(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    for found in _compiled(pattern).finditer(text):
        if found.start() < found.end():
            yield found.start(), found.end()


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = MAX_MEMORY_BYTES
    return re2.compile(pattern, options)


def _text(reason: str | bytes) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
