"""Judge a campaign by set algebra: what was wanted, what arrived, and what the database says.

Words. A *telling* is an event told to one recipient by one channel, at once or by a digest. It is
lost if no message told it, and doubled if two messages with different ids did: a receiver who
drops ids he has seen would still be told twice. A *raw re-send* is a message that a receiver took
a second time under the same id.

The *acknowledgement window* of a message is open from the moment its receiver has taken it until
our commit that says so is durable. A kill is inside the window of every message that the killed
life had got accepted and that the database, looked at after the death and before anybody else may
claim the row, does not call sent. Each such pair of a kill and a message excuses one re-send of
this message, and nothing else does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from crash_lab.books import Books
from crash_lab.wants import KINDS, Want
from crash_lab.world import Accepted, World

SHOWN = 8
"""So many faults of a kind are written out."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Be what a campaign showed; `faults` are violations of the state, in words."""

    kills: dict[str, int] = field(default_factory=dict)
    wanted: int = 0
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    resends: int = 0
    kills_in_window: int = 0
    caught: int = 0
    unexcused: int = 0
    parked: int = 0
    violations: int = 0
    seconds: float = 0.0
    faults: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_red(self) -> bool:
        """Tell whether anything was lost, doubled, or not as it must be."""
        is_wrong = self.lost or self.doubled or self.violations or self.unexcused
        return bool(is_wrong) or self.resends > self.caught

    @property
    def killed(self) -> int:
        """Count the kills."""
        return sum(self.kills.values())

    def complain(self, what: str, found: Iterable[Any]) -> None:
        """Note violations of one kind."""
        every = list(found)
        self.violations += len(every)
        self.note(what, every)

    def note(self, what: str, found: Iterable[Any]) -> None:
        """Write down what was found of a kind."""
        for one in found:
            self.faults.setdefault(what, []).append(str(one))

    @property
    def complaints(self) -> list[str]:
        """Say what is wrong, a line for each kind."""
        return [
            f"{what}: {len(found)}, such as {'; '.join(found[:SHOWN])}"
            for what, found in self.faults.items()
        ]

    def as_json(self) -> dict[str, Any]:
        """Give all figures."""
        shown = {what: found[:SHOWN] for what, found in self.faults.items()}
        figures = {**asdict(self), "faults": shown}
        return {"is_red": self.is_red, "killed": self.killed, **figures}


def judge_messages(verdict: Verdict, world: World, caught: Counter[str]) -> None:
    """Judge what arrived; `caught` counts by message the kills inside its window."""
    ids: defaultdict[Want, set[str]] = defaultdict(set)
    for message in world.ledger:
        for want in message.wants:
            ids[want].add(message.id)
    verdict.wanted, verdict.messages = len(world.wants), len({m.id for m in world.ledger})
    lost = [want for want in world.wants if want not in ids]
    doubled = [(tuple(want), sorted(told)) for want, told in ids.items() if len(told) > 1]
    verdict.lost, verdict.doubled = len(lost), len(doubled)
    verdict.note("lost", [tuple(want) for want in lost])
    verdict.note("doubled", doubled)
    taken = Counter(message.id for message in world.ledger)
    verdict.resends = taken.total() - len(taken)
    verdict.caught = caught.total()
    beyond = {key: count - 1 - caught[key] for key, count in taken.items()}
    unexcused = {key: over for key, over in beyond.items() if over > 0}
    verdict.unexcused = sum(unexcused.values())
    verdict.note("sent again without a kill in the window", unexcused)
    verdict.complain("told, but nobody wanted it", (tuple(w) for w in ids if w not in world.wants))
    verdict.complain("another text under the same id", _rewritten(world.ledger))


def _rewritten(ledger: Iterable[Accepted]) -> list[str]:
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for message in ledger:
        bodies[message.id].add(message.body)
    return [key for key, found in bodies.items() if len(found) > 1]


def judge_state(verdict: Verdict, world: World, books: Books, *, has_outages: bool) -> None:
    """Judge what the database says once everything is told.

    Where the database had outages a try may be missing in the log: that it was sent is marked
    all the same, by a transaction that comes after the one that failed.
    """
    stored = Counter(books.column("select url from article"))
    verdict.complain("article stored twice", [url for url, n in stored.items() if n > 1])
    verdict.complain("article not stored", world.published.keys() - stored.keys())
    verdict.complain("article nobody published", stored.keys() - world.published.keys())
    for what, query in _FORBIDDEN.items():
        verdict.complain(what, books.rows(query))
    if not has_outages:
        verdict.complain("sent, but no settled try says so", books.rows(_UNLOGGED))
    _judge_matches(verdict, world, books)
    _judge_alerts(verdict, world, books)
    _judge_digests(verdict, books)
    if books.is_sqlite:
        sound = books.column("pragma integrity_check")
        verdict.complain("integrity_check", [] if sound == ["ok"] else sound)
        verdict.complain("foreign_key_check", books.rows("pragma foreign_key_check"))


_FORBIDDEN = {
    "article in no story, or in several": (
        "select a.id, count(s.story_id) from article a left join seat s on s.article_id = a.id "
        "group by a.id having count(s.story_id) <> 1"
    ),
    "article still to place": "select id from article where place_due",
    "story with a wrong count": (
        "select y.id, y.article_count, count(s.article_id) from story y "
        "left join seat s on s.story_id = y.id group by y.id, y.article_count "
        "having y.article_count <> count(s.article_id)"
    ),
    "match found twice": (
        "select article_id, rule_id, count(*) from match group by article_id, rule_id "
        "having count(*) > 1"
    ),
    "alert raised twice for a story": (
        "select rule_id, story_id, count(*) from alert group by rule_id, story_id "
        "having count(*) > 1"
    ),
    "told twice": (
        "select channel, rule_id, story_id, article_id, count(*) from told "
        "group by channel, rule_id, story_id, article_id having count(*) > 1"
    ),
    "slot closed twice": (
        "select channel, slot, count(*) from digest group by channel, slot having count(*) > 1"
    ),
    "delivery stored twice": "select key, count(*) from delivery group by key having count(*) > 1",
    "delivery not sent": "select key, state, last_error from delivery where state <> 'sent'",
    "delivery with several settled tries that say sent": (
        "select delivery_key, count(*) from attempt where result = 'sent' "
        "group by delivery_key having count(*) > 1"
    ),
    "claim left on a settled delivery": (
        "select key from delivery where state = 'sent' and claimed_until is not null"
    ),
}
"""What no database may hold in the end."""


def _judge_matches(verdict: Verdict, world: World, books: Books) -> None:
    query = "select a.url, m.rule_id from match m join article a on a.id = m.article_id"
    found = {(url, rule) for url, rule in books.rows(query)}
    rules = ((url, KINDS[world.kinds[token]].rule) for url, token in world.published.items())
    must = {(url, rule) for url, rule in rules if rule}
    verdict.complain("match missing", must - found)
    verdict.complain("match without ground", found - must)


def _judge_alerts(verdict: Verdict, world: World, books: Books) -> None:
    """Each event raises one alert, and each alert is told to the channels of its rule."""
    query = (
        "select a.url, r.rule_id, r.story_id from alert r join article a on a.id = r.article_id"
    )
    raised = Counter(
        world.published[url] for url, _, _ in books.rows(query) if url in world.published
    )
    must = {token for token, kind in world.kinds.items() if KINDS[kind].rule}
    verdict.complain("alert missing", must - raised.keys())
    verdict.complain("alert raised twice", [token for token, n in raised.items() if n > 1])
    told = set(books.rows("select channel, rule_id, story_id from told"))
    owed = {
        (channel, rule, story)
        for _, rule, story in books.rows(query)
        for kind in KINDS.values()
        if kind.rule == rule
        for _, channel, _ in kind.tells
    }
    verdict.complain("alert not remembered as told", owed - told)


_UNLOGGED = (
    "select d.key from delivery d left join attempt t on t.delivery_key = d.key "
    "and t.result = 'sent' where d.state = 'sent' and t.id is null"
)


def _judge_digests(verdict: Verdict, books: Books) -> None:
    """Each slot with stories owes one delivery for each recipient, and no other slot does."""
    slots = dict(
        books.rows("select channel, count(*) from digest where stories > 0 group by channel")
    )
    owed = books.rows(
        "select channel, recipient, count(*) from delivery where kind = 'digest' "
        "group by channel, recipient"
    )
    verdict.complain("digests owed and slots differ", [r for r in owed if slots.get(r[0]) != r[2]])
