"""Weigh the index of open stories: how many KB of memory an article in it takes.

python bench/_weigh.py URL
"""

from __future__ import annotations

import gc
import json
import sys
from datetime import UTC, datetime

import psutil
from _lab import ROOT  # noqa: F401 - puts the product on the path

from monitor.group.index import StoryIndex
from monitor.pipeline.assigner import OPEN_FOR
from monitor.store import articles, profiles
from monitor.store.engine import Store

SLICE = 400


def main() -> None:
    """Build the index as an assigner that takes over does, and print what it weighs."""
    store, process = Store(sys.argv[1]), psutil.Process()
    with store.read() as tx:
        seats = profiles.open_seats(tx, datetime.now(UTC) - OPEN_FOR)
        ids = [seat.article_id for seat in seats]
        parts = [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
        held = {key: one for part in parts for key, one in articles.read_many(tx, part)}
    index = StoryIndex()
    gc.collect()
    before = process.memory_info().rss
    for seat in seats:
        index.restore(held[seat.article_id], seat.story, seat.relation)
    gc.collect()
    grown = process.memory_info().rss - before
    count = index.article_count
    print(json.dumps({"articles": count, "kb_each": round(grown / 1024 / max(1, count), 2)}))


if __name__ == "__main__":
    main()
