"""Describe rule files to editors as a JSON Schema."""

from __future__ import annotations

from typing import Any

from monitor.match.tree import FIELDS
from monitor.model.rule import Again, Tell

Schema = dict[str, Any]  # JSON is the one place where a bare dict is the thing itself

_WORD: Schema = {"type": ["string", "number", "boolean"]}  # NO and 007 are words to the loader
_ID = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


def rule_schema() -> Schema:
    """Give the JSON Schema (2020-12) of a rule file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Watch rule",
        "type": "object",
        "required": ["match"],
        "additionalProperties": False,
        "properties": _properties(),
        "$defs": {
            "query": _query(),
            "texts": {"anyOf": [_WORD, {"type": "array", "items": _WORD, "minItems": 1}]},
            "case": _case(),
        },
    }


def _properties() -> Schema:
    return {
        "id": _said(
            {"type": "string", "pattern": _ID},
            "Stays when the file is renamed; default: the file's name.",
        ),
        "title": _said({"type": "string", "maxLength": 200}, "The headline of its alerts."),
        "about": _said({"type": "string"}, "Why the rule exists."),
        "labels": {"type": "object", "additionalProperties": _WORD},
        "match": _said({"$ref": "#/$defs/query"}, "What an article must have."),
        "exclude": _said({"$ref": "#/$defs/texts"}, "What an article must not have: any of it."),
        "only": _only(),
        "tell": _said(
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"enum": [str(word) for word in Tell]},
            },
            "Channel: now, digest or both; default: defaults.tell of monitor.yaml.",
        ),
        "again": _said(
            {"enum": [str(word) for word in Again], "default": str(Again.DEVELOPMENT)},
            "never: a story once; development: a new source joins; every: each article.",
        ),
        "tests": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"match": _cases(), "no_match": _cases()},
        },
    }


def _query() -> Schema:
    listed = {"type": "array", "items": {"$ref": "#/$defs/query"}, "minItems": 1}
    lines = {
        "type": "object",
        "minProperties": 1,
        "properties": {"all": listed, "any": listed, "not": {"$ref": "#/$defs/query"}},
        "propertyNames": {"not": {"enum": [*FIELDS, "exact", "forms", "copies_of", "and", "or"]}},
        "additionalProperties": {"$ref": "#/$defs/query"},
    }
    what = "Query text, a list (any of its items) or named lines (all of them)."
    return _said({"anyOf": [_WORD, listed, lines]}, what)


def _only() -> Schema:
    texts = {"$ref": "#/$defs/texts"}
    names = ("lang", "source", "country", "tier", "group")
    properties: Schema = dict.fromkeys((*names, *(f"not_{name}" for name in names)), texts)
    properties["words"] = _said(texts, 'How many words, such as ">=150".')
    properties["max_age"] = {"type": "string", "pattern": "^[0-9]+ ?[smhdw]$"}
    properties["known"] = _said({"type": "boolean"}, "What is not known does not pass.")
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _case() -> Schema:
    keys = ("title", "body", "url", "author", "lang", "source", "country", "tier")
    described = {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(keys, _WORD),
    }
    return _said(
        {"anyOf": [_WORD, described]}, "A text, a path under seeds/, or a described article."
    )


def _cases() -> Schema:
    case = {"$ref": "#/$defs/case"}
    return {"anyOf": [case, {"type": "array", "items": case}]}


def _said(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema}
