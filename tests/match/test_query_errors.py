"""Each defect of query text is told with these words, at this place."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.match.query import parse_query

FILE = Path(__file__).parent.parent / "data" / "query_errors.txt"
BLOCKS = [block.split("\n") for block in FILE.read_text(encoding="utf-8").split("\n\n")]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[0])
def test_a_defect_is_told_with_its_place_and_cure(block: list[str]) -> None:
    text, *expected = [line.strip() for line in block if line]
    parsed = parse_query(text)
    assert parsed.node is None
    told = [f"{one.offset} {one.code}: {one.what}; {one.cure}" for one in parsed.problems]
    assert told == expected
