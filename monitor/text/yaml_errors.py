"""Say what YAML stumbled over in the words of the one who wrote the line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from monitor.model.problem import Problem
from monitor.text.yaml_quoting import (
    in_double_quotes,
    item_start,
    key_length,
    quoted,
    rest_of_line,
)

INDICATORS = {
    "*": "a YAML alias",
    "&": "a YAML anchor",
    "!": "a YAML tag",
    "%": "a YAML directive",
    "@": "a reserved YAML mark",
    "`": "a reserved YAML mark",
}
_CLOSING = {"[": "]", "{": "}"}
_OPENING = {"]": "[", "}": "{"}
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_CHARACTER = re.compile(r"found (?:character )?'(.)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stumble:
    """Say where PyYAML stumbled (`index`), what it was reading since `opened`, and its words.

    `in_flow` tells whether brackets were open there.
    """

    text: str
    index: int
    opened: int
    in_flow: bool
    said: str
    context: str

    def rest(self, index: int) -> str:
        return rest_of_line(self.text, index, in_flow=self.in_flow)

    @property
    def unit(self) -> str:
        return "item" if self.in_flow else "line"

    @property
    def line_start(self) -> int:
        return self.text.rfind("\n", 0, self.index) + 1

    @property
    def line(self) -> str:
        return self.text[self.line_start :].split("\n", 1)[0]

    @property
    def before(self) -> str:
        return self.text[self.line_start : self.index]

    @property
    def value(self) -> str:
        """Give what stands in the line behind its key, or behind `- `."""
        return self.rest(self.line_start + key_length(self.line))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    what: str
    cure: str
    code: str
    index: int


def syntax_problem(file: str, text: str, error: yaml.MarkedYAMLError, *, in_flow: bool) -> Problem:
    """Translate a syntax error of PyYAML into a problem with its cure.

    `in_flow` tells whether brackets were open where it stumbled.
    """
    index = error.problem_mark.index if error.problem_mark else 0
    opened = error.context_mark.index if error.context_mark else index
    stumble = _Stumble(
        text=text,
        index=index,
        opened=opened,
        in_flow=in_flow,
        said=error.problem or "",
        context=error.context or "",
    )
    explained = (explain(stumble) for explain in _EXPLAINERS)
    told = next(filter(None, explained), None) or _unknown(stumble)
    return Problem(
        file=file,
        line=text.count("\n", 0, told.index) + 1,
        column=told.index - text.rfind("\n", 0, told.index),
        what=told.what,
        cure=told.cure,
        code=told.code,
    )


def _after_quote(at: _Stumble) -> _Told | None:
    before = at.before.rstrip()
    is_text = "<scalar>" in at.said or "found character" in at.said
    if not before.endswith(('"', "'")) or not is_text:
        return None
    sign = before[-1]
    if before.count(sign) % 2:  # its opening quote stands further up
        what = f"the quote {sign} before this closes one that opens further up"
        cure = f"close that one where its text ends, or quote the line: {quoted(at.value)}"
        return _Told(what=what, cure=cure, code="yaml-text-after-quote", index=at.index)
    leaf = at.value
    if at.in_flow:
        leaf = at.rest(at.line_start + before[:-1].rfind(sign))
    is_inside = len(before) == len(at.before) and leaf.endswith(sign) and not at.in_flow
    meant = leaf[1:-1] if is_inside else in_double_quotes(leaf)
    return _Told(
        what="text follows a closing quote",
        cure=f"quote the whole {at.unit}: {quoted(meant)}",
        code="yaml-text-after-quote",
        index=at.index,
    )


def _after_bracket(at: _Stumble) -> _Told | None:
    before = at.before.rstrip()
    if before[-1:] not in _OPENING or not before or at.in_flow:
        return None
    sign = before[-1]
    whole = at.value
    opened = whole.find(_OPENING[sign])
    inner = whole[opened + 1 : whole.find(sign)]
    cure = "write each line of the braces as a row of its own, and this as another"
    if sign == "]" and opened == 0 and '"' not in inner and "'" not in inner:
        joined = " OR ".join(part.strip() for part in inner.split(","))
        cure = f"write it as query text: {quoted(f'({joined}){whole[whole.find(sign) + 1 :]}')}"
    return _Told(
        what=f"text follows a closing '{sign}'",
        cure=cure,
        code="yaml-text-after-bracket",
        index=at.index,
    )


def _indicator(at: _Stumble) -> _Told | None:
    for index in (at.opened, at.index):
        sign = at.text[index : index + 1]
        if sign and sign in INDICATORS:
            return _Told(
                what=f"'{sign}' starts {INDICATORS[sign]} here, which is not allowed",
                cure=f"quote the whole {at.unit}: {quoted(at.rest(index))}",
                code="yaml-indicator",
                index=index,
            )
    return None


def _sign(at: _Stumble) -> _Told | None:
    """Explain a sign that cannot begin a value: `,office`, `{words: >=150}`, `? office`."""
    found = _CHARACTER.search(at.said)
    sign = found[1] if found else "?" if "mapping keys are not allowed" in at.said else ""
    is_start = "cannot start any token" in at.said or "expected the node content" in at.said
    if not sign or not (is_start or sign == "?") or at.text[at.index] != sign:
        return None
    rest = at.rest(at.index)
    cure = f"quote it: {quoted(rest)}" if rest else "remove it, or write something before it"
    what = f"'{sign}' cannot begin a text in YAML"
    return _Told(what=what, cure=cure, code="yaml-indicator", index=at.index)


def _wildcard(at: _Stumble) -> _Told | None:
    """Explain a `?` in an item in brackets: PyYAML ends the item there."""
    if not at.in_flow or at.text[at.index : at.index + 1] != "?":
        return None
    start = at.line_start + item_start(at.before)
    start += len(at.text[start : at.index]) - len(at.text[start : at.index].lstrip())
    return _Told(
        what="a `?` in brackets needs quotes",
        cure=f"quote the whole item: {quoted(at.rest(start))}",
        code="yaml-indicator",
        index=start,
    )


def _block(at: _Stumble) -> _Told | None:
    sign = at.text[at.opened : at.opened + 1]
    if "block scalar" not in at.context or sign not in (">", "|"):
        return None
    return _Told(
        what=f"'{sign}' starts a YAML text block here",
        cure=f"quote it: {quoted(at.rest(at.opened))}",
        code="yaml-indicator",
        index=at.opened,
    )


def _escape(at: _Stumble) -> _Told | None:
    """Explain a backslash in double quotes that YAML reads as an escape."""
    if "escape" not in at.said or "double-quoted" not in at.context:
        return None
    index = at.text.rfind("\\", at.opened, at.index + 1)
    closing = _DOUBLE_QUOTED.match(at.text, at.opened)
    leaf = closing[1] if closing and "\n" not in closing[1] else ""
    single = f": {quoted(leaf)}" if leaf else ""
    return _Told(
        what=f"`{at.text[index : index + 2]}` in double quotes is no escape that YAML knows",
        cure=f"use single quotes, in which a backslash is a backslash{single}",
        code="yaml-escape",
        index=index,
    )


def _tab(at: _Stumble) -> _Told | None:
    if at.text[at.index : at.index + 1] != "\t":
        return None
    what = "a tab stands here, which YAML does not allow"
    return _Told(what=what, cure="use spaces", code="yaml-tab", index=at.index)


def _dash(at: _Stumble) -> _Told | None:
    """Explain a `- ` that stands where no list can begin."""
    if "sequence entries are not allowed" in at.said:
        what = "a list cannot begin behind its key"
        cure = f"begin it on the next line, or quote the text: {quoted(at.rest(at.index))}"
    elif at.text[at.index : at.index + 2] == "- " and "expected <block end>" in at.said:
        what = "this `- ` is not aligned with the items above"
        cure = "indent it as they are"
    else:
        return None
    return _Told(what=what, cure=cure, code="yaml-dash", index=at.index)


def _colon(at: _Stumble) -> _Told | None:
    if "mapping values are not allowed" not in at.said:
        return None
    above_at = at.text.rfind("\n", 0, max(0, at.line_start - 1)) + 1
    above = at.text[above_at : max(above_at, at.line_start - 1)]
    is_first = at.before.strip().isidentifier() and ":" not in at.before
    if is_first and above.strip() and _indent(above) == _indent(at.line) and ": " not in above:
        return _no_key(at, above_at + _indent(above), above.strip())
    leaf = at.value[:200]
    return _Told(
        what="a second `: ` stands in this line, or the line is indented too far",
        cure=f"quote the text: {quoted(leaf)}, or align the line with its neighbours",
        code="yaml-colon",
        index=at.index,
    )


def _lone(at: _Stumble) -> _Told | None:
    """Explain a line that is neither `key: value` nor belongs to the text above it."""
    is_text = "expected <block end>, but found '<scalar>'" in at.said
    if "could not find expected ':'" not in at.said and not is_text:
        return None
    index = at.index if is_text else at.opened
    return _no_key(at, index, at.rest(index))


def _no_key(at: _Stumble, index: int, line: str) -> _Told:
    key, colon, rest = line.partition(":")
    cure = "indent it further if it goes on from the line above, or put `- ` or `key: ` before it"
    if colon and rest and key.isidentifier():
        cure = f"put a space behind the colon: `{key}: {rest}`"
    elif _comment_above(at.text, index):
        cure = "remove the comment above: it ends the text that this line goes on with"
    what = f"`{line}` is neither an item (`- `) nor a `key: value`"
    return _Told(what=what, cure=cure, code="yaml-no-key", index=index)


def _comment_above(text: str, index: int) -> bool:
    above = text[: text.rfind("\n", 0, index) + 1].rstrip("\n")
    return above[above.rfind("\n") + 1 :].lstrip().startswith("#")


def _unclosed(at: _Stumble) -> _Told | None:
    is_end = "end of stream" in at.said or "document separator" in at.said
    if "quoted scalar" in at.context and is_end:
        what = "the quote that opens here never closes"
        return _Told(what=what, cure="close it", code="yaml-unclosed", index=at.opened)
    sign = at.text[at.opened : at.opened + 1]
    if "flow" not in at.context or sign not in _CLOSING:
        return None
    return _Told(
        what=f"the '{sign}' that opens here is not closed where it should be",
        cure=f"add '{_CLOSING[sign]}', or a comma between items, or quote the item",
        code="yaml-unclosed",
        index=at.opened,
    )


def _unknown(at: _Stumble) -> _Told:
    cure = "quote the text, or check the indentation"
    if "expected <block end>" in at.said:
        cure = "align the line with its neighbours, or write `key: value`"
    return _Told(
        what=f"this is not YAML: {at.said}", cure=cure, code="yaml-syntax", index=at.index
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_EXPLAINERS = (
    _after_quote,
    _after_bracket,
    _indicator,
    _wildcard,
    _block,
    _escape,
    _tab,
    _sign,
    _dash,
    _colon,
    _lone,
    _unclosed,
)
