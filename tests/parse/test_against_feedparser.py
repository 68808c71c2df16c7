"""Our reading beside feedparser's, on feeds as served."""

from __future__ import annotations

import calendar
import html
import os
import re
import warnings
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import feedparser
import pytest

from monitor.model.network import Limits
from monitor.parse import parse_carefully

SHARED = Path(os.environ.get("MONITOR_TEST_SHARED") or Path(__file__).parents[3] / "shared")
REAL = SHARED / "suites" / "real-feeds"
needs_feeds = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real feeds are absent")


def _plain(text: str | None) -> str:
    bare = re.sub(r"<[^>]*>", "", text or "")
    return re.sub(r"\s+", " ", html.unescape(html.unescape(bare))).strip()


def _moment(raw: Any) -> datetime | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        if parts := dict.get(raw, name):
            return datetime.fromtimestamp(calendar.timegm(parts), UTC)
    return None


def _theirs(body: bytes) -> list[tuple[Any, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        return [
            (raw.get("id"), raw.get("feedburner_origlink") or raw.get("link"),
             _plain(raw.get("title")), _moment(raw))
            for raw in parsed.entries
        ]  # fmt: skip


def _compare(paths: list[Path]) -> tuple[Counter[str], Counter[str]]:
    total: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for path in paths:
        body = path.read_bytes()
        if body[:1] == b"{":
            continue  # feedparser reads no JSON Feed
        read = parse_carefully(body, content_type=None, charset=None, url="", limits=Limits())
        ours = [(e.guid, e.link, _plain(e.title), e.published_at) for e in read.entries]
        theirs = _theirs(body)
        assert len(ours) == len(theirs), path.name
        for place, name in enumerate(("id", "link", "title", "date")):
            left = Counter(one[place] or None for one in ours)
            right = Counter(one[place] or None for one in theirs)
            total[name] += len(ours)
            same[name] += (left & right).total()
    return total, same


@needs_feeds
def test_a_sample_of_real_feeds_reads_as_feedparser_reads_it() -> None:
    small = sorted(path for path in REAL.glob("*.xml") if path.stat().st_size < 60_000)[:12]
    total, same = _compare(small)
    assert total
    assert all(same[name] >= 0.99 * total[name] for name in total), (same, total)


@needs_feeds
@pytest.mark.slow
def test_all_real_feeds_read_as_feedparser_reads_them() -> None:
    total, same = _compare(sorted(REAL.glob("*.xml")))
    assert total
    assert all(same[name] >= 0.99 * total[name] for name in total), (same, total)
