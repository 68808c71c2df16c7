"""Say which terms of an archive's index an article must have for a query to match it."""

from __future__ import annotations

import re
from itertools import accumulate

from monitor.match.necessary import Group, groups
from monitor.match.tree import Node
from monitor.text.terms import Condition, Term, term_of, written_term

MAX_TERMS = 2_000
"""Of a group: a longer list of names is hardly a condition, and dear to ask for."""

MAX_ALL_TERMS = 10_000
"""Of all groups: PostgreSQL refuses a query of some megabytes; leaving groups out is sound."""

MIN_PREFIX_CHARS = 2
"""A shorter beginning is shared by too many words to be looked up."""

_WILDCARD, _EXACT = "~", "="
_MARKS = "#@$"
_FORM = re.compile(r"[\w*?]")
_OPEN = re.compile(r"[*?]")


def condition_of(node: Node) -> Condition:
    """Give the condition of a query, lists resolved; the empty one if the index cannot help."""
    found = sorted(filter(None, map(_terms, groups(node))), key=len)
    sizes = accumulate(map(len, found))
    return tuple(terms for terms, size in zip(found, sizes, strict=True) if size <= MAX_ALL_TERMS)


def _terms(group: Group) -> frozenset[Term]:
    """Give a group's terms; none if one of its features has no term that is sure to be there."""
    if len(group) > MAX_TERMS:
        return frozenset()
    terms = {_term(feature) for feature in group}
    return frozenset(term for term in terms if term) if None not in terms else frozenset()


def _term(feature: str) -> Term | None:
    if feature[0] == _EXACT:
        return _whole(written_term(feature[1:]))
    is_wildcard = feature[0] == _WILDCARD
    form = feature[is_wildcard:]
    form = form[1:] if form[:1] in _MARKS else form
    if not _FORM.match(form):
        return None  # a feature of another kind
    if not is_wildcard:
        return _whole(term_of(form))
    beginning = term_of(_OPEN.split(form)[0])
    return Term(beginning, is_prefix=True) if len(beginning) >= MIN_PREFIX_CHARS else None


def _whole(text: str) -> Term | None:
    return Term(text) if text else None
