"""Say what a rule would have told of the stored articles, by the decisions that alerts go by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.alert.decide import History, decide
from monitor.match.tree import LoadedRule
from monitor.model.alert import RAISES, Alert, Reason
from monitor.model.article import Article
from monitor.model.keys import ArticleKey, SourceKey, StoryId, story_id
from monitor.model.rule import Finding, Rule
from monitor.model.story import Member, Relation
from monitor.pipeline import archive
from monitor.store import seating
from monitor.store.engine import Store, Tx

EXAMPLES = 5


@dataclass(slots=True, kw_only=True)
class Told:
    """Be a story that the rule finds: what stands in it, and what would have been told of it.

    `raised` are the articles that would have raised an alert.
    """

    id: StoryId
    title: str
    url: str
    first_at: datetime
    why: tuple[Finding, ...]
    articles: int = 0
    sources: set[SourceKey] = field(default_factory=set)
    raised: list[ArticleKey] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Day:
    """Count what came on a day, and the notices it would have brought."""

    articles: int = 0
    notices: int = 0


@dataclass(slots=True, kw_only=True)
class Backtest:
    """Be a rule's past. `reasons` counts the decisions, for an alert and against one.

    `waiting` articles have no story yet and count as one of their own each.
    """

    articles: int = 0
    waiting: int = 0
    stories: dict[StoryId, Told] = field(default_factory=dict)
    reasons: Counter[Reason] = field(default_factory=Counter)
    days: dict[date, Day] = field(default_factory=dict)

    @property
    def notices(self) -> int:
        """Count the alerts that would have been raised."""
        return sum(day.notices for day in self.days.values())

    def examples(self) -> list[Told]:
        """Give the stories that most sources and articles tell, the latest of equals first."""
        ranked = sorted(self.stories.values(), key=lambda story: story.first_at, reverse=True)
        ranked.sort(key=lambda story: (len(story.sources), story.articles), reverse=True)
        return ranked[:EXAMPLES]


def backtest(
    store: Store,
    rule: LoadedRule,
    *,
    since: datetime | None,
    day_of: Callable[[datetime], date],
    now: datetime,
    progress: archive.Progress = archive.no_progress,
) -> Backtest:
    """Let a rule look at what was published since a moment, and decide as if it had been there.

    Articles are decided on in the order in which they came; a day is that of publication.
    """
    hits = [_Slim.of(hit) for hit in archive.matches(store, rule, since=since, progress=progress)][
        ::-1
    ]
    past = Backtest(articles=len(hits))
    with store.read() as tx:
        seats = seating.seats_of(tx, [hit.id for hit in hits])
        past.waiting = len(hits) - len(seats)
        court = _Court(tx, rule.rule, now)
        for hit in hits:
            story, member = seats.get(hit.id) or (story_id(hit.key), _alone(hit))
            decided = court.decide(member, story)
            _note(past, hit, story, day_of(hit.published_at), decided)
    return past


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slim:
    """Be what a decision and an example need of an article: thousands may match."""

    id: int
    key: ArticleKey
    title: str
    url: str
    source: SourceKey
    published_at: datetime
    why: tuple[Finding, ...]

    @classmethod
    def of(cls, hit: archive.RuleHit) -> _Slim:
        article: Article = hit.article
        return cls(
            id=hit.id,
            key=article.key,
            title=article.title,
            url=article.url,
            source=article.source.key,
            published_at=article.published_at,
            why=hit.match.findings,
        )


def _alone(hit: _Slim) -> Member:
    return Member(article=hit.key, source=hit.source, relation=Relation.FIRST)


class _Court:
    """Decide on one hit after the other, remembering what each story has raised."""

    def __init__(self, tx: Tx, rule: Rule, now: datetime) -> None:
        self._tx = tx
        self._rule = rule
        self._now = now
        self._raised: dict[StoryId, frozenset[ArticleKey]] = {}
        self._members: dict[StoryId, tuple[Member, ...]] = {}

    def decide(self, member: Member, story: StoryId) -> Reason:
        """Give the reason for an alert, or against one."""
        raised = self._raised.get(story, frozenset())
        decided = decide(
            self._rule,
            member,
            story=story,
            members=self._seated(story) if raised else (),
            history=History(raised=len(raised), articles=raised),
            is_quiet=False,
            is_too_old=False,
            now=self._now,
        )
        if isinstance(decided, Alert):
            self._raised[story] = raised | {member.article}
        return decided.reason

    def _seated(self, story: StoryId) -> tuple[Member, ...]:
        if story not in self._members:
            self._members[story] = seating.members(self._tx, story)
        return self._members[story]


def _note(past: Backtest, hit: _Slim, story: StoryId, day: date, reason: Reason) -> None:
    told = past.stories.get(story)
    if told is None:
        told = past.stories[story] = Told(
            id=story, title=hit.title, url=hit.url, first_at=hit.published_at, why=hit.why
        )
    told.articles += 1
    told.sources.add(hit.source)
    past.reasons[reason] += 1
    that_day = past.days.setdefault(day, Day())
    that_day.articles += 1
    if reason in RAISES:
        told.raised.append(hit.key)
        that_day.notices += 1
