"""T2: put articles into stories, decide the alerts, owe the deliveries: all or nothing.

This is the work of one transaction; `assigner.py` says whose turn it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.alert.decide import History, decide, renumbered
from monitor.group.index import StoryIndex
from monitor.group.parts import Parts
from monitor.group.twins import Twins
from monitor.group.wire import Wires, syndicators, wires
from monitor.match.engine import Engine
from monitor.match.matched import told
from monitor.model.alert import Alert, Quiet
from monitor.model.article import Article, Origin
from monitor.model.keys import ArticleKey, RuleId, StoryId
from monitor.model.rule import Rule
from monitor.model.story import Member, Placement, Relation, Wire
from monitor.pipeline.notify import owe_notices
from monitor.pipeline.ports import Ports
from monitor.pipeline.restored import count_as_told
from monitor.store import (
    alerts,
    arrange,
    beats,
    migrate,
    placing,
    profiles,
    restored,
    seating,
    story_facts,
)
from monitor.store.engine import Tx
from monitor.store.placing import Taken, Unplaced
from monitor.store.profiles import Kept
from monitor.store.rule_matches import StoredMatch

_WHOLE = frozenset({Relation.SAME, Relation.COPY})
"""Relations to a text that is wholly one's own: what one credits holds for the other."""

REGROUP_PAUSE = timedelta(minutes=10)  # no feed can keep the index from being used


@dataclass(slots=True)
class Batch:
    """Place articles in one transaction, by one set of rules.

    `stale` are the stories whose facts are to be recomputed; `seated` remembers who sits in the
    stories that were asked for, so that a large one is read once. What was published before
    `told_before` counts as told. `profiles` are of the articles placed, as the index holds them.
    `regrouping` are two stories that turned out to be one, or one that is two: nothing more is
    placed before they are. Not looked for where `is_regrouping` is false.
    """

    tx: Tx
    ports: Ports
    index: StoryIndex
    engine: Engine
    now: datetime
    is_regrouping: bool = True
    stale: set[StoryId] = field(default_factory=set)
    seated: dict[StoryId, list[Member]] = field(default_factory=dict)
    profiles: dict[int, Kept] = field(default_factory=dict)
    regrouping: Twins | Parts | None = None
    rules: dict[RuleId, Rule] = field(init=False)
    wires: Wires = field(init=False)
    told_before: datetime | None = field(init=False)

    def __post_init__(self) -> None:
        self.wires = wires(syndicators(self.ports.current.sources.values()))
        self.rules = {loaded.rule.id: loaded.rule for loaded in self.engine.rules}
        self.told_before = restored.told_before(self.tx)

    def place(self, unplaced: Unplaced) -> int:
        """Place one article; give the number of alerts it raised.

        One that shows a `regrouping` is left as it was: its place is known when that is done. The
        index holds it, and is of no more use.
        """
        seat = self._seat(unplaced)
        if seat is None:
            return 0
        story, member = seat
        profile = self.index.stored(unplaced.article.key)
        self.profiles[unplaced.id] = Kept(unplaced.revision, profile)
        if member.relation is not Relation.FIRST or unplaced.seat is not None:
            self.stale.add(story)
        raised = [
            alert
            for stored in self._matches(unplaced)
            if (alert := self._decide(unplaced, stored, story, member)) is not None
        ]
        if raised and story in self.stale:
            story_facts.refresh(self.tx, [story])  # a notice states them
            self.stale.remove(story)
        told = [(self.rules[alert.rule_id], alert) for alert in raised]
        if self.told_before and unplaced.article.published_at < self.told_before:
            count_as_told(self.tx, told, unplaced.id)
        else:
            owe_notices(self.tx, self.ports, told, self.now)
        return len(raised)

    def finish(self) -> None:
        """Recompute what stories state, for those that have changed; keep the profiles."""
        story_facts.refresh(self.tx, self.stale)
        profiles.put(self.tx, self.profiles)
        self.stale.clear()
        self.profiles.clear()

    def _matches(self, unplaced: Unplaced) -> tuple[StoredMatch, ...]:
        """Give what these rules find: whoever stored the article may have judged by others."""
        if unplaced.judged_by == self.engine.revision:
            return unplaced.matches
        return placing.judge(
            self.tx,
            unplaced,
            told(self.engine.match(unplaced.article)),
            judged_by=self.engine.revision,
            in_force=self.rules,
            now=self.now,
        )

    def _seat(self, unplaced: Unplaced) -> tuple[StoryId, Member] | None:
        """Give an article's story and its seat there; None if it shows a regrouping."""
        if unplaced.seat is not None:
            self.index.update(unplaced.article)
            return unplaced.seat.story, self._again(unplaced, unplaced.seat)
        placement = self.index.place(unplaced.article, now=self.now)
        found = self.index.regrouping(placement) if self.is_regrouping else None
        if found is not None and self._may_regroup(found):
            self.regrouping = found
            return None
        return placement.story, self._take(unplaced, placement)

    def _may_regroup(self, found: Twins | Parts) -> bool:
        """Tell whether the program may merge or split stories.

        Not if a person arranged one, nor soon after another time: each has the index built anew.
        Nor is any split beside a release that might give an alert a key which left the story, or
        tell what a digest has told. It is asked again when the next article joins.
        """
        if arrange.regrouped_since(self.tx, self.now - REGROUP_PAUSE):
            return False
        if isinstance(found, Parts) and not beats.all_know(
            self.tx, migrate.current(self.tx), now=self.now
        ):
            return False
        return not arrange.are_by_hand(self.tx, found.stories)

    def _members(self, story: StoryId) -> Sequence[Member]:
        if story not in self.seated:
            self.seated[story] = list(seating.members(self.tx, story))
        return self.seated[story]

    def _take(self, unplaced: Unplaced, placement: Placement) -> Member:
        article = unplaced.article
        wire = self.wires.wire_of(article)
        revision = unplaced.revision
        seating.seat(
            self.tx, unplaced.id, article, placement, wire=wire, revision=revision, now=self.now
        )
        member = _member(article, placement.relation, wire)
        if placement.story in self.seated:
            self.seated[placement.story].append(member)
        self._credit_original(placement.story, member, placement.nearest)
        return member

    def _again(self, unplaced: Unplaced, seat: Taken) -> Member:
        """Give the seat that an article has; a newer text of it may credit another agency."""
        if unplaced.revision == (seat.revision or 1):  # earlier releases do not say what they read
            return _member(unplaced.article, seat.relation, seat.wire)
        wire = self.wires.wire_of(unplaced.article) or seat.wire
        member = _member(unplaced.article, seat.relation, wire)
        seating.revise(self.tx, unplaced.id, wire, revision=unplaced.revision, now=self.now)
        self.seated.pop(seat.story, None)
        self._credit_original(seat.story, member, seat.nearest)
        return member

    def _credit_original(
        self, story: StoryId, member: Member, original: ArticleKey | None
    ) -> None:
        """Let an article that credits nobody be from the agency that its copy credits."""
        if member.wire is not None and original is not None and member.relation in _WHOLE:
            seating.credit_original(self.tx, original, member.wire.agency)
            self.seated.pop(story, None)

    def _decide(
        self, unplaced: Unplaced, stored: StoredMatch, story: StoryId, member: Member
    ) -> Alert | None:
        rule = self.rules.get(stored.match.rule_id)
        if rule is None or rule.revision != stored.match.revision:
            return None
        tx, now = self.tx, self.now
        earlier = alerts.raised(tx, rule.id, story)
        decided = decide(
            rule,
            member,
            story=story,
            members=self._members(story) if earlier else (),  # the first needs none
            history=History(
                raised=max((alert.generation for alert in earlier), default=0),
                articles=frozenset(alert.article for alert in earlier),
            ),
            is_quiet=stored.is_quiet,
            is_too_old=self._is_too_old(unplaced.article, stored),
            now=now,
        )
        if isinstance(decided, Quiet):
            alerts.keep_quiet(tx, decided, unplaced.id, now=now)
            return None
        if alerts.has_raised(tx, rule.id, unplaced.id):
            return None
        while alerts.is_taken(tx, decided.key):
            decided = renumbered(decided)
        alerts.add(tx, decided, unplaced.id)
        return decided

    def _is_too_old(self, article: Article, stored: StoredMatch) -> bool:
        """Tell whether a baseline or look-back article lies before `backfill`; seeds never do."""
        if not stored.is_quiet or article.origin is Origin.SEED:
            return False
        return article.published_at < self.now - self.ports.terms.backfill


def _member(article: Article, relation: Relation, wire: Wire | None) -> Member:
    return Member(
        article=article.key,
        source=article.source.key,
        relation=relation,
        wire=wire,
        group=article.source.group,
    )
