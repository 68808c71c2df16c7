"""Say what YAML stumbled over in the words of the one who wrote the line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from monitor.model.problem import Problem

INDICATORS = {
    "*": "a YAML alias",
    "&": "a YAML anchor",
    "!": "a YAML tag",
    "%": "a YAML directive",
    "@": "a reserved YAML mark",
    "`": "a reserved YAML mark",
}
_KEY = re.compile(r"""\s*(?:- +)*(?:[\w-]+: +)?""")
_CLOSING = {"[": "]", "{": "}"}
_SINGLE_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR)\b")
_FLOW_ITEM = re.compile(r"""(?:(?<!\w)"[^"]*"|(?<!\w)'[^']*'|[^,\]}])*""")


def quoted(text: str) -> str:
    """Write a text in quotes as YAML wants it; single ones where they are easier to read."""
    if '"' in text or "\\" in text or "'" not in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def rest_of_line(text: str, index: int, *, in_flow: bool) -> str:
    """Give what stands from an index to the line's end; in brackets, to the item's end."""
    end = text.find("\n", index)
    rest = text[index : end if end >= 0 else len(text)].strip()[:200]
    found = _FLOW_ITEM.match(rest) if in_flow else None
    return found.group().strip() if found else rest


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
    def line_start(self) -> int:
        return self.text.rfind("\n", 0, self.index) + 1

    @property
    def line(self) -> str:
        return self.text[self.line_start :].split("\n", 1)[0]


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
    before = at.text[at.line_start : at.index].rstrip()
    is_text = "<scalar>" in at.said or "found character" in at.said
    if not before.endswith(('"', "'")) or not is_text:
        return None
    leaf_at = at.line_start + _key_length(at.line)
    if at.in_flow:
        leaf_at = at.line_start + before[:-1].rfind(before[-1])
    return _Told(
        what="text follows a closing quote",
        cure=f"quote the whole line: {quoted(in_double_quotes(at.rest(leaf_at)))}",
        code="yaml-text-after-quote",
        index=at.index,
    )


def in_double_quotes(leaf: str) -> str:
    """Write the quotes that a leaf opens with so that query text reads them as a phrase."""
    found = _SINGLE_QUOTED.match(leaf)
    if not found:
        return leaf
    inner = found[1].replace("''", "'")
    is_query = '"' in inner or _OPERATOR.search(inner) is not None
    return (f"({inner})" if is_query else f'"{inner}"') + leaf[found.end() :]


def _indicator(at: _Stumble) -> _Told | None:
    for index in (at.opened, at.index):
        sign = at.text[index : index + 1]
        if sign and sign in INDICATORS:
            return _Told(
                what=f"'{sign}' starts {INDICATORS[sign]} here, which is not allowed",
                cure=f"quote the whole line: {quoted(at.rest(index))}",
                code="yaml-indicator",
                index=index,
            )
    return None


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


def _tab(at: _Stumble) -> _Told | None:
    if at.text[at.index : at.index + 1] != "\t":
        return None
    what = "a tab stands here, which YAML does not allow"
    return _Told(what=what, cure="use spaces", code="yaml-tab", index=at.index)


def _colon(at: _Stumble) -> _Told | None:
    if "mapping values are not allowed" not in at.said:
        return None
    leaf = at.line[_key_length(at.line) :].strip()[:200]
    return _Told(
        what="a second `: ` stands in this line, or the line is indented too far",
        cure=f"quote the text: {quoted(leaf)}, or align the line with its neighbours",
        code="yaml-colon",
        index=at.index,
    )


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
    if "expected <block end>" in at.said or "could not find expected ':'" in at.said:
        cure = "align the line with its neighbours, or write `key: value`"
    return _Told(
        what=f"this is not YAML: {at.said}", cure=cure, code="yaml-syntax", index=at.index
    )


def _key_length(line: str) -> int:
    found = _KEY.match(line)
    return found.end() if found else 0


_EXPLAINERS = (_after_quote, _indicator, _block, _tab, _colon, _unclosed)
