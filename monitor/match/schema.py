"""Describe rule files and term lists to editors as JSON Schemas.

Draft 7, the newest that YAML language servers read in full; there what stands beside a `$ref` is
ignored, hence `allOf`. YAML 1.2 gives editors 007 as a number and `true` as a truth value, so a
word may be any of the three. What the schemas refuse, the loader refuses too.
"""

from __future__ import annotations

from typing import Any

from monitor.match.tree import FIELDS
from monitor.model.rule import Again, Tell

Schema = dict[str, Any]  # JSON is the one place where a bare dict is the thing itself

_DRAFT = "http://json-schema.org/draft-07/schema#"
_WORD: Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
_TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
_STRING: Schema = {"type": "string"}
_NOTHING: Schema = {"type": "null"}
_ID = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_NO_LINE_NAMES = (*FIELDS, "exact", "forms", "and", "or")
_TEXT_KEYS = ("title", "body", "url", "author")
_TIER: Schema = {
    "type": ["integer", "string"],
    "minimum": 1,
    "maximum": 99,
    "pattern": "^(0?[1-9]|[1-9][0-9])$",
}
_FILTERS: dict[str, tuple[str, Schema]] = {
    "lang": (
        "Language codes, such as en or ur.",
        {"type": ["string", "boolean"], "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
    ),
    "source": (
        "Keys of sources.yaml, or domains.",
        {"type": ["string", "number", "boolean"], "pattern": r"^[^\s/:@]{1,253}$"},
    ),
    "country": (
        "Two letters, such as PK.",
        {"type": ["string", "boolean"], "pattern": "^[A-Za-z]{2}$"},
    ),
    "tier": ("Tiers of sources.yaml: 1 is the first.", _TIER),
    "group": ("Groups of sources.yaml.", {**_WORD, "maxLength": 200}),
}


def rule_schema() -> Schema:
    """Give the JSON Schema of a rule file; each of its documents is one rule."""
    return {
        "$schema": _DRAFT,
        "title": "Watch rule",
        "type": "object",
        "required": ["match"],
        "additionalProperties": False,
        "properties": _properties(),
        "definitions": {"query": _query(), "case": _case()},
    }


def list_schema() -> Schema:
    """Give the JSON Schema of a term list."""
    terms = {"type": "array", "items": _WORD, "minItems": 1}
    return {
        "$schema": _DRAFT,
        "title": "Term list",
        "type": "object",
        "required": ["terms"],
        "additionalProperties": False,
        "properties": {
            "title": _said(_TEXT, "What the list holds."),
            "terms": _said(terms, "Query texts, any of which is found where a rule says $name."),
        },
    }


def _properties() -> Schema:
    return {
        "id": _said(
            {"type": ["string", "number", "boolean"], "pattern": _ID},
            "Stays when the file is renamed; default: the file's name.",
        ),
        "title": _said({**_TEXT, "maxLength": 200}, "The headline of its alerts."),
        "about": _said(_TEXT, "Why the rule exists, for those who read its alerts."),
        "labels": _said(_labels(), "Names with one text each, such as topic: platforms."),
        "match": _said({"allOf": [{"$ref": "#/definitions/query"}]}, "What an article must have."),
        "exclude": _said(
            {"anyOf": [_WORD, _NOTHING, {"type": "array", "items": _WORD}]},
            "What an article must not have: query text, or a list of it.",
        ),
        "only": _said(_only(), "What is known of the article; what is not known passes."),
        "tell": _said(_tell(), "Channel: now, digest or both; default: defaults.tell."),
        "again": _said(
            {**_one_of(*Again), "default": str(Again.DEVELOPMENT)},
            "never: a story once; development: a new voice joins; every: each article.",
        ),
        "tests": _said(
            {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {
                    "match": _said(_cases(), "What the rule must find."),
                    "no_match": _said(_cases(), "What the rule must not find."),
                },
            },
            "Tried by `monitor rules test`.",
        ),
    }


def _labels() -> Schema:
    return {
        "type": ["object", "null"],
        "minProperties": 1,
        "maxProperties": 50,
        "additionalProperties": _TEXT,
    }


def _tell() -> Schema:
    return {
        "type": ["object", "null"],
        "minProperties": 1,
        "additionalProperties": _one_of(*Tell),
    }


def _query() -> Schema:
    inner = {"$ref": "#/definitions/query"}
    listed = {"type": "array", "items": inner, "minItems": 1}
    lines = {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "all": _said(listed, "All of these."),
            "any": _said(listed, "Any of these."),
            "not": _said({"allOf": [inner]}, "None of this in the whole article."),
            "copies_of": _said(
                _one_or_more({"type": "string", "pattern": r"^\s*releases/.+\.(md|txt)\s*$"}),
                "Texts of releases/, any of which the article takes over, whole or in part.",
            ),
        },
        "propertyNames": {
            "pattern": r"\S",
            "maxLength": 60,
            "not": {"pattern": f"^({'|'.join(map(_any_case, _NO_LINE_NAMES))})$"},
            "anyOf": [
                {"enum": ["all", "any", "not"]},
                {"not": {"pattern": f"^({'|'.join(map(_any_case, ('all', 'any', 'not')))})$"}},
            ],
        },
        "additionalProperties": inner,
    }
    what = "Query text, a list (any of its items) or named lines (all of them)."
    return _said({"anyOf": [_WORD, listed, lines]}, what)


def _one_of(*words: str) -> Schema:
    """Offer words in small letters, and take them in capitals too, as the loader does."""
    anyhow = f"^({'|'.join(map(_any_case, words))})$"
    return {"anyOf": [{"enum": [str(word) for word in words]}, {"pattern": anyhow, **_STRING}]}


def _any_case(name: str) -> str:
    """Write a pattern for a name in capitals or small letters: editors know no flag for it."""
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in name)


def _only() -> Schema:
    properties: Schema = {}
    for name, (said, value) in _FILTERS.items():
        properties[name] = _said(_one_or_more(value), said)
        properties[f"not_{name}"] = _said(_one_or_more(value), f"None of these. {said}")
    words = {"type": "string", "pattern": "^(<=|>=|<|>|=) ?[0-9]{1,9}$"}
    properties["words"] = _said(_one_or_more(words), 'How many words, such as ">=150".')
    age = {"type": "string", "pattern": "^ *[0-9]{1,9} ?[smhdwSMHDW] *$"}
    one = {"anyOf": [age, {"type": "array", "items": age, "minItems": 1, "maxItems": 1}]}
    properties["max_age"] = _said(one, "How old when first seen, such as 3d.")
    known = {"anyOf": [{"type": "boolean"}, _one_of("true", "false", "yes", "no")]}
    properties["known"] = _said(known, "true: what is not known does not pass.")
    return {"type": ["object", "null"], "additionalProperties": False, "properties": properties}


def _one_or_more(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]}


def _case() -> Schema:
    described = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **dict.fromkeys((*_TEXT_KEYS, "lang", "source", "country"), _TEXT),
            "tier": _TIER,
        },
        "anyOf": [{"required": [key]} for key in _TEXT_KEYS],
    }
    return {"anyOf": [_WORD, described]}


def _cases() -> Schema:
    case = {"$ref": "#/definitions/case"}
    return {"anyOf": [case, {"type": "array", "items": case}]}


def _said(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema}
