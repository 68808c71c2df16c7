"""Any interleaving of claim, settle, renewal, expiry and kill does what a model of it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update

from monitor.clock import system_clock
from monitor.errors import LeaseLost
from monitor.model.keys import SourceKey
from monitor.store import claims, feeds
from monitor.store.engine import Store
from monitor.store.tables import FeedRow

ROWS = 6
LEASE = timedelta(hours=1)
AGO = timedelta(hours=1)


@dataclass
class Row:
    """Be what the model knows of a row; `holds` is whether its lease runs, None if unclaimed."""

    fence: int = 0
    crashes: int = 0
    holds: bool | None = None
    is_due: bool = True
    settled: int = 0

    @property
    def is_suspect(self) -> bool:
        """Tell whether its claim crashed and nobody works on it."""
        return self.holds is False or (self.holds is None and self.crashes > 0)


@dataclass(frozen=True)
class Held:
    """Be a claim that somebody was given, and may have lost since."""

    row: int
    fence: int


@dataclass
class Model:
    """Say what may be claimed: the contract of `claims`, in the plainest words."""

    rows: dict[int, Row] = field(default_factory=dict)

    def claimable(self, limit: int) -> list[int]:
        """List what a claim gets, in order."""
        due = {key: row for key, row in self.rows.items() if row.is_due}
        suspects = [key for key, row in due.items() if row.is_suspect]
        if any(row.holds and row.crashes for row in self.rows.values()):
            suspects = []
        first = sorted(suspects, key=lambda key: (due[key].crashes, key))[: min(1, limit)]
        fresh = sorted(k for k, r in due.items() if r.holds is None and not r.crashes)
        return first + fresh[: limit - len(first)]

    def is_current(self, held: Held) -> bool:
        """Tell whether a claim is still the row's last, and not settled."""
        row = self.rows[held.row]
        return row.fence == held.fence and row.holds is not None


class Workers(RuleBasedStateMachine):
    """Let several workers claim the same rows; a killed one just never comes back."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        now = system_clock()
        wanted = [(SourceKey("s"), f"https://{n}.example.org/") for n in range(ROWS)]
        with self.store.write() as tx:
            tx.execute(delete(FeedRow))
            feeds.sync(tx, wanted, now=now, interval=AGO)
            ids = sorted(tx.scalars(select(FeedRow.id)))
            tx.execute(update(FeedRow).values(next_poll_at=_ORIGIN))
        self.model = Model({key: Row() for key in ids})
        self.claims: list[Held] = []

    @rule(limit=st.integers(1, ROWS))
    def claim(self, limit: int) -> None:
        expected, now = self.model.claimable(limit), system_clock()
        with self.store.write() as tx:
            rows = claims.claim(
                tx,
                FeedRow.id,
                is_due=FeedRow.next_poll_at <= now,
                order=FeedRow.next_poll_at,
                now=now,
                lease=LEASE,
                limit=limit,
            )
        assert [row.id for row in rows] == expected
        for row in rows:
            known = self.model.rows[row.id]
            known.crashes += known.holds is False
            known.fence, known.holds = known.fence + 1, True
            assert (row.fence, row.crashes) == (known.fence, known.crashes)
            self.claims.append(Held(row.id, row.fence))

    @rule(data=st.data(), is_due=st.booleans())
    def settle(self, data: st.DataObject, is_due: bool) -> None:
        if not self.claims:
            return
        held = data.draw(st.sampled_from(self.claims))
        is_current = self.model.is_current(held)
        moment = system_clock() + (-AGO if is_due else AGO)
        try:
            with self.store.write() as tx:
                values = {"next_poll_at": moment}
                polls = FeedRow.__table__.c.polls + 1
                claims.settle(tx, FeedRow.id, (held.row, held.fence, values), polls=polls)
        except LeaseLost:
            assert not is_current
            return
        assert is_current
        row = self.model.rows[held.row]
        row.holds, row.crashes, row.is_due = None, 0, is_due
        row.settled += 1
        self._reorder(held.row)

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        if not self.claims:
            return
        held = data.draw(st.sampled_from(self.claims))
        is_current, now = self.model.is_current(held), system_clock()
        try:
            with self.store.write() as tx:
                claims.renew(tx, FeedRow.id, held.row, held.fence, now=now, lease=LEASE)
        except LeaseLost:
            assert not is_current
            return
        assert is_current
        self.model.rows[held.row].holds = True

    @rule(data=st.data())
    def time_passes_for(self, data: st.DataObject) -> None:
        running = [key for key, row in self.model.rows.items() if row.holds]
        if not running:
            return
        key = data.draw(st.sampled_from(running))
        with self.store.write() as tx:
            row = update(FeedRow).where(FeedRow.id == key)
            tx.execute(row.values(claimed_until=system_clock() - AGO))
        self.model.rows[key].holds = False

    @rule(data=st.data())
    def becomes_due(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.rows)))
        self.model.rows[key].is_due = True
        self._reorder(key)

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        with self.store.read() as tx:
            found = tx.execute(select(*FeedRow.__table__.columns)).all()
        for row in found:
            known = self.model.rows[row.id]
            assert (row.fence, row.crashes, row.polls) == (
                known.fence,
                known.crashes,
                known.settled,
            )
            assert (row.claimed_until is None) == (known.holds is None)

    def _reorder(self, key: int) -> None:
        """Keep the order of due rows that of their numbers: the model sorts by these."""
        with self.store.write() as tx:
            if self.model.rows[key].is_due:
                row = update(FeedRow).where(FeedRow.id == key)
                tx.execute(row.values(next_poll_at=_ORIGIN))


_ORIGIN = system_clock() - timedelta(days=1)


def test_any_interleaving_does_what_the_model_says(store: Store) -> None:
    class Here(Workers):
        pass

    Here.store = store
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
