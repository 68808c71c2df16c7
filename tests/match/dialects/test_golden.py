"""Queries as analysts write them, and the rule files and losses that they become."""

from __future__ import annotations

from pathlib import Path

import pytest
from match.dialects.loading import loaded

from monitor.match.dialects.convert import Conversion, convert
from monitor.match.dialects.registry import dialects
from monitor.match.dialects.write_rule import loss_line

IMPORTS = Path(__file__).parents[2] / "data" / "imports"
QUERIES = sorted(IMPORTS.glob("*/*.txt"))


def made(path: Path) -> Conversion:
    rule_id = path.stem[3:]
    title = rule_id.replace("-", " ").capitalize()
    dialect = dialects()[path.parent.name]
    return convert(path.read_text("utf-8"), dialect, rule_id=rule_id, title=title)


def name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", QUERIES, ids=name)
def test_a_query_becomes_the_rule_that_stands_beside_it(path: Path) -> None:
    assert made(path).text == path.with_suffix(".yaml").read_text("utf-8")


@pytest.mark.parametrize("path", QUERIES, ids=name)
def test_what_is_not_carried_over_is_named(path: Path) -> None:
    query = path.read_text("utf-8")
    lines = "".join(f"{loss_line(loss, query)}\n" for loss in made(path).losses)
    assert lines == path.with_suffix(".losses").read_text("utf-8")


@pytest.mark.parametrize("path", QUERIES, ids=name)
def test_an_imported_file_loads_without_an_error(path: Path) -> None:
    found = loaded(path.with_suffix(".yaml").read_text("utf-8"))
    assert found.errors == ()
    assert len(found.rules) == 1


def test_each_dialect_has_twenty_queries() -> None:
    counts = {each: len(list((IMPORTS / each).glob("*.txt"))) for each in dialects()}
    assert counts == dict.fromkeys(("brandwatch", "google-alerts", "meltwater"), 20)
