"""Decide again where an article belongs, among the stories that were open when it was placed.

Nothing is kept for this: a placement depends on the articles placed before it alone, in their
order, and these and their seats are in the tables. What has changed there since is named.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.group.index import StoryIndex
from monitor.match.engine import Engine, query_terms
from monitor.model.article import Article
from monitor.model.keys import StoryId
from monitor.model.story import Placement
from monitor.pipeline.assigner import OPEN_FOR
from monitor.pipeline.held import AT_ONCE, hold
from monitor.store import profiles, seating, stories
from monitor.store.engine import Store, Tx
from monitor.store.profiles import Turn

Progress = Callable[[int, int], None]


_ARRANGED = "{} in a story that was merged or split since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Say how an article was placed and how it would be now, among what stood open then.

    `changes` are what is not as it was, in sentences: with none of them both must be the same.
    """

    article: Article
    placed_at: datetime
    placed: Placement
    again: Placement
    is_same: bool
    stories: int
    articles: int
    changes: tuple[str, ...]


def replay(
    store: Store, engine: Engine, article_id: int, *, progress: Progress = lambda _, __: None
) -> Replay | None:
    """Place an article once more; None if it has no seat yet. Nothing is written."""
    common = frozenset().union(*(query_terms(loaded) for loaded in engine.rules))
    index = StoryIndex(common_terms=common)
    with store.read() as tx:
        seat = seating.seat_of(tx, article_id)
        if seat is None:
            return None
        turn = (seat.placed_at, article_id)
        held = profiles.open_seats(tx, seat.placed_at - OPEN_FOR, before=turn)
    for start in range(0, len(held), AT_ONCE):  # no view of the database is held for long
        progress(start, len(held))
        hold(store, index, held[start : start + AT_ONCE])
    index.settle()
    count, opened = index.article_count, index.open_story_count
    again = index.place(seat.article, now=seat.placed_at)
    with store.read() as tx:
        is_same = (
            _home(tx, again.story) == _home(tx, seat.placement.story)
            and again.relation is seat.placement.relation
            and math.isclose(again.score, seat.placement.score, abs_tol=1e-9)
        )
        changes = _changes(tx, seat, again, turn)
    return Replay(
        article=seat.article,
        placed_at=seat.placed_at,
        placed=seat.placement,
        again=again,
        is_same=is_same,
        stories=opened,
        articles=count,
        changes=changes,
    )


def _home(tx: Tx, story: StoryId) -> StoryId:
    """Give where a story's articles are, should it have been merged away."""
    found = stories.find(tx, story)
    return found.id if found else story


def _changes(tx: Tx, seat: seating.PlacedSeat, again: Placement, turn: Turn) -> tuple[str, ...]:
    """Name what is not as it was when the article was placed."""
    found = []
    if seat.placement.model != again.model:
        found.append(f"it was placed by the model {seat.placement.model}, this is {again.model}")
    if seat.is_revised:
        found.append("its text is newer than its place")
    since = profiles.changed_since(tx, seat.placed_at - OPEN_FOR, before=turn)
    for number, one, several in (
        (since.revised, "has a newer text now", "have a newer text now"),
        (since.arranged, _ARRANGED.format("stands"), _ARRANGED.format("stand")),
    ):
        if number:
            verb = one if number == 1 else several
            found.append(f"{number:,} of the articles held then {verb}")
    return tuple(found)
