"""Compare two sets of rules by the stories that each finds in the archive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.match.tree import LoadedRule
from monitor.model.keys import RuleId, StoryId, story_id
from monitor.pipeline import archive
from monitor.store import seating
from monitor.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Be a story that a rule finds; `title` is of the latest article it matches there."""

    story: StoryId
    title: str
    published_at: datetime
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDiff:
    """Say what a rule gains and loses by a change of its meaning; `kept` counts what stays."""

    rule: RuleId
    gained: tuple[Found, ...]
    lost: tuple[Found, ...]
    kept: int


def compare(
    store: Store,
    before: Iterable[LoadedRule],
    after: Iterable[LoadedRule],
    *,
    since: datetime | None,
    progress: archive.Progress = archive.no_progress,
) -> list[RuleDiff]:
    """Compare the rules whose meaning is not the same on both sides, in order of their ids.

    A rule that one side lacks finds nothing there. Raises StoreError.
    """
    old = {loaded.rule.id: loaded for loaded in before}
    new = {loaded.rule.id: loaded for loaded in after}
    differing = [
        name for name in sorted({*old, *new}) if _meaning(old, name) != _meaning(new, name)
    ]
    found = []
    for name in differing:
        was = _stories(store, old.get(name), since, progress)
        now = _stories(store, new.get(name), since, progress)
        found.append(
            RuleDiff(
                rule=name,
                gained=tuple(now[story] for story in now if story not in was),
                lost=tuple(was[story] for story in was if story not in now),
                kept=len(was.keys() & now.keys()),
            )
        )
    return found


def _meaning(rules: dict[RuleId, LoadedRule], name: RuleId) -> str | None:
    return rules[name].rule.revision if name in rules else None


def _stories(
    store: Store, rule: LoadedRule | None, since: datetime | None, progress: archive.Progress
) -> dict[StoryId, Found]:
    """Find a rule's stories, the latest first; what waits for its story is one by itself."""
    if rule is None:
        return {}
    hits = [
        (hit.id, hit.article.key, hit.article.title, hit.article.published_at)
        for hit in archive.matches(store, rule, since=since, progress=progress)
    ]
    with store.read() as tx:
        seats = seating.seats_of(tx, [number for number, *_ in hits])
    found: dict[StoryId, Found] = {}
    for number, key, title, published_at in hits:
        story = seats[number][0] if number in seats else story_id(key)
        first = found.get(story)
        found[story] = Found(
            story=story,
            title=first.title if first else title,
            published_at=first.published_at if first else published_at,
            articles=first.articles + 1 if first else 1,
        )
    return found
