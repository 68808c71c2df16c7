"""Merge and split stories: a person says so, or the assigner finds that two are one, or one two.

The assigner holds the open stories in memory, perhaps in another process. So a person takes its
role away first: it finds out before it writes again, and builds its index from what stands here
then. Whoever arranges stories locks the role, then the arranging, and only then anything else: in
another order they and a composer might wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.errors import WorkError
from monitor.group.parts import Parts
from monitor.group.twins import Twins
from monitor.model.keys import ArticleKey, StoryId
from monitor.model.story import Story
from monitor.store import arrange, roles, seating, stories
from monitor.store.engine import Tx
from monitor.store.roles import Role
from monitor.store.seating import SeatedArticle


def stop_placing(tx: Tx, *, now: datetime) -> None:
    """Keep stories as they are until this transaction ends, but for what it does to them."""
    roles.take_away(tx, roles.ASSIGNER, now=now)
    arrange.arrange_alone(tx)


def merge(tx: Tx, named: Sequence[Story], *, now: datetime) -> tuple[Story, tuple[StoryId, ...]]:
    """Merge stories into the oldest of them; give it, and the ids that lead there now.

    Raises WorkError if they are one story already.
    """
    ids = list(dict.fromkeys(story.id for story in named))
    if len(ids) < 2:
        msg = f"these are one story already: {', '.join(ids)}"
        raise WorkError(msg)
    into = arrange.oldest(tx, ids)
    gone = tuple(one for one in ids if one != into)
    for one in gone:
        arrange.merge(tx, into, one, is_by_hand=True, now=now)
    return _read(tx, into), gone


def merge_twins(
    tx: Tx, role: Role, twins: Twins, *, now: datetime
) -> tuple[StoryId, StoryId] | None:
    """Merge two stories that the assigner found to be one; give the one that stays, and the other.

    None if one of them has gone meanwhile. Raises LeaseLost if the role has: a person may have
    arranged them. Nothing may be locked before in this transaction.
    """
    roles.require(tx, role)
    arrange.arrange_alone(tx)
    if not arrange.are_there(tx, twins.stories):
        return None
    into = arrange.oldest(tx, twins.stories)
    (gone,) = (one for one in twins.stories if one != into)
    arrange.merge(tx, into, gone, is_by_hand=False, now=now)
    return into, gone


def split_parts(
    tx: Tx, role: Role, parts: Parts, *, now: datetime
) -> tuple[StoryId, StoryId] | None:
    """Split a story that the assigner found to be two; give it and the new one.

    None if either part has gone meanwhile. Raises LeaseLost like `merge_twins`, and asks for the
    same of its transaction.
    """
    roles.require(tx, role)
    arrange.arrange_alone(tx)
    seated = seating.seated(tx, parts.story)
    moved = [row.id for row in seated if row.article.key in parts.articles]
    if not 0 < len(moved) < len(seated):
        return None
    return parts.story, arrange.split(tx, parts.story, moved, is_by_hand=False, now=now)


def split(
    tx: Tx, story: Story, articles: Sequence[ArticleKey], *, now: datetime
) -> tuple[Story, Story]:
    """Split articles off a story into one of their own; give the story and the new one.

    Raises WorkError if an article is not in the story, or if none would be left in it.
    """
    moved = _chosen(story, seating.seated(tx, story.id), articles)
    new = arrange.split(tx, story.id, moved, is_by_hand=True, now=now)
    return _read(tx, story.id), _read(tx, new)


def _chosen(
    story: Story, seated: Sequence[SeatedArticle], articles: Sequence[ArticleKey]
) -> list[int]:
    numbers = {row.article.key: row.id for row in seated}
    if strangers := [key for key in articles if key not in numbers]:
        msg = f"{', '.join(strangers)} is not in {story.id}; see: monitor stories show {story.id}"
        raise WorkError(msg)
    chosen = list(dict.fromkeys(numbers[key] for key in articles))
    if len(chosen) == len(numbers):
        msg = f"these are all articles of {story.id}: name those that are of another event"
        raise WorkError(msg)
    return chosen


def _read(tx: Tx, story: StoryId) -> Story:
    found = stories.read(tx, story)
    assert found is not None
    return found
