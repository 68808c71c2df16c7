"""Read `tests:`: texts, seeds and described articles that a rule must find, or must not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePosixPath

from monitor.match.tree import RuleTest
from monitor.model.article import Article, Origin, TextState
from monitor.model.keys import SourceKey, article_key, digest_of
from monitor.model.problem import Problem
from monitor.model.source import Source
from monitor.text.yaml_nodes import (
    Mapping,
    Scalar,
    Sequence,
    YamlNode,
    did_you_mean,
    problem_at,
)

_KINDS = {"match": True, "no_match": False}
_TEXT_KEYS = ("title", "body", "url", "author")
_METADATA_KEYS = ("lang", "source", "country", "tier")
_KEYS = _TEXT_KEYS + _METADATA_KEYS
_SEEDS = "seeds/"
_NAME_CHARS = 80
_SOME_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)  # a case has no age
_UNWANTED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def read_tests(
    node: YamlNode | None, workspace_has: Callable[[str], bool], problems: list[Problem]
) -> tuple[RuleTest, ...]:
    """Read a rule's cases, those that must match first as they stand in the file."""
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return ()
    if not isinstance(node, Mapping):
        what, cure = "`tests` must hold `match:` and `no_match:`", "write one of them with a list"
        problems.append(problem_at(node, what, cure, code="tests-type"))
        return ()
    tests: list[RuleTest] = []
    for entry in node.entries:
        name = entry.key.text
        if name not in _KINDS:
            near = did_you_mean(name, _KINDS)
            cure = f"did you mean '{near}'?" if near else "known are: match, no_match"
            what = f"unknown key '{name[:60]}' in `tests`"
            problems.append(problem_at(entry.key, what, cure, code="tests-unknown-key"))
            continue
        items = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        read = (_test(item, _KINDS[name], workspace_has, problems) for item in items)
        tests += [test for test in read if test]
    return tuple(tests)


def _test(
    node: YamlNode,
    expects_match: bool,
    workspace_has: Callable[[str], bool],
    problems: list[Problem],
) -> RuleTest | None:
    if isinstance(node, Mapping):
        return _described(node, expects_match, problems)
    if not isinstance(node, Scalar) or not node.text.strip():
        what, cure = "a test must be a text, a path under seeds/ or a mapping", "quote the text"
        problems.append(problem_at(node, what, cure, code="tests-case"))
        return None
    text = node.text.strip()
    if text.startswith(_SEEDS) and "\n" not in text:
        return _seed(node, text, expects_match, workspace_has, problems)
    return RuleTest(
        name=_short(text),
        expects_match=expects_match,
        article=_article({"body": text}),
        file=node.file,
        line=node.line,
    )


def _seed(
    node: Scalar,
    path: str,
    expects_match: bool,
    workspace_has: Callable[[str], bool],
    problems: list[Problem],
) -> RuleTest | None:
    if ".." in PurePosixPath(path).parts or not workspace_has(path):
        what = f"there is no file '{path[:120]}'"
        cure = "correct the path, or quote another text"
        problems.append(problem_at(node, what, cure, code="tests-seed"))
        return None
    return RuleTest(
        name=path,
        expects_match=expects_match,
        seed=path,
        judges_only=True,
        file=node.file,
        line=node.line,
    )


def _described(node: Mapping, expects_match: bool, problems: list[Problem]) -> RuleTest | None:
    facts: dict[str, str] = {}
    before = len(problems)
    for entry in node.entries:
        name, value = entry.key.text, entry.value
        if name not in _KEYS:
            near = did_you_mean(name, _KEYS)
            cure = f"did you mean '{near}'?" if near else f"known are: {', '.join(_KEYS)}"
            what = f"unknown key '{name[:60]}' in a test"
            problems.append(problem_at(entry.key, what, cure, code="tests-unknown-key"))
        elif not isinstance(value, Scalar):
            what = f"`{name}` must be a text"
            problems.append(problem_at(value, what, "quote it", code="tests-case"))
        elif not value.is_null:
            facts[name] = value.text.strip()
    tier = facts.get("tier", "1")
    if not (tier.isascii() and tier.isdigit() and len(tier) <= 2 and int(tier) >= 1):
        what, place = f"'{tier[:60]}' is no tier", node.get("tier") or node
        problems.append(problem_at(place, what, "write a number from 1", code="tests-case"))
    if not any(key in facts for key in _TEXT_KEYS):
        what, cure = "the test has no text", "add `title:` or `body:`"
        problems.append(problem_at(node, what, cure, code="tests-case"))
    if len(problems) > before:
        return None
    return RuleTest(
        name=_short(facts.get("title") or facts.get("body") or facts.get("url") or "test"),
        expects_match=expects_match,
        article=_article(facts),
        judges_only=any(key in facts for key in _METADATA_KEYS),
        file=node.file,
        line=node.line,
    )


def _article(facts: dict[str, str]) -> Article:
    title = " ".join(_clean(facts.get("title", "")).split())
    body = _BLANK_LINES.sub("\n\n", _clean(facts.get("body", "")))
    url = facts.get("url", "")
    lang = facts.get("lang", "").lower() or None
    return Article(
        key=article_key("test:", digest_of(title, body, url)),
        feed="test:",
        source=_source_of(facts, lang),
        url=url,
        canonical_url=url,
        title=title,
        has_real_title=bool(title),
        body=body,
        author=_clean(facts.get("author", "")),
        lang=lang,
        published_at=_SOME_MOMENT,
        first_seen_at=_SOME_MOMENT,
        fetched_at=_SOME_MOMENT,
        text_state=TextState.FULL,
        text_hash=digest_of(title, body),
        origin=Origin.SEED,  # no limit of age applies
    )


def _source_of(facts: dict[str, str], lang: str | None) -> Source:
    key = facts.get("source", "").lower()
    return Source(
        key=SourceKey(key or "test"),
        name=key or "test",
        domains=(key,) if "." in key else (),
        country=facts.get("country", "").upper() or None,
        lang=lang,
        tier=int(facts["tier"]) if "tier" in facts else None,
        is_listed=bool(key),
    )


def _clean(text: str) -> str:
    return _UNWANTED.sub(" ", text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _NAME_CHARS else line[: _NAME_CHARS - 1] + "…"
