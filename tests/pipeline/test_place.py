"""Promises of T2: what a restart may not change."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from services.articles import article, source
from services.assigner import Desk

from monitor.model.article import Article, Precision
from monitor.model.keys import digest_of
from monitor.pipeline.assigner import Assigner
from monitor.store import articles
from monitor.store.engine import Store

START = datetime(2026, 11, 1, tzinfo=UTC)
PLACES = ("Quell", "Oru", "Belmora", "Port Salis")
EVENTS = ("Fire destroys the fish market", "Minister opens a vaccine plant", "Ferry crews strike")
FOOTER = "Read on in our paper and sign up for the letter that we send to readers every morning. "
ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 11),  # which article: again is a newer text of it
        st.integers(0, 5),  # what it tells
        st.integers(0, 20 * 24),  # hours between its publication and its arrival
        st.integers(0, 6 * 24),  # hours since the arrival before
        st.booleans(),  # whether the date is a day alone
    ),
    min_size=4,
    max_size=14,
)


def written(name: int, event: int, lag: int, now: datetime, *, is_day: bool) -> Article:
    place, what = PLACES[event % 4], EVENTS[event % 3]
    title = f"{what} in {place}"
    body = f"{what} in {place}, said the mayor of {place} on day {name % 3}. " + FOOTER * (
        name % 4
    )
    at = now - timedelta(hours=lag)
    if is_day:
        at = at.replace(hour=0, minute=0)
    return article(
        f"n{name}", title=title, body=body, text_hash=digest_of(title, body),
        source=source(f"s{name % 2}"), url="", canonical_url="", published_at=at,
        published_precision=Precision.DAY if is_day else Precision.SECOND,
        first_seen_at=now, fetched_at=now,
    )  # fmt: skip


@settings(max_examples=30, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(arrivals=ARRIVALS)
def test_an_index_rebuilt_at_any_moment_decides_as_the_one_that_ran_on(
    sqlite_template: Path, arrivals: list[tuple[int, int, int, int, bool]]
) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        desks = []
        for name in ("running.db", "rebuilt.db"):
            shutil.copy(sqlite_template, folder / name)
            store = Store(f"sqlite:///{folder / name}")
            stack.callback(store.close)
            desks.append(Desk(store, START))
        running, rebuilt = desks
        for name, event, lag, gap, is_day in arrivals:
            for desk in desks:
                desk.now += timedelta(hours=gap, seconds=1)
            one = written(name, event, lag, running.now, is_day=is_day)
            rebuilt.take_over()
            running.receive([one])
            rebuilt.receive([one])
            assert running.seats() == rebuilt.seats()


def test_a_batch_commits_when_its_time_is_up(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "monitor.db")
    store = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    desk = Desk(store, START)
    desk.assigner = Assigner(desk.ports, work_for=timedelta(0))
    with store.write() as tx:
        articles.add(tx, [article(name) for name in "abc"], is_baseline=False)
    assert [desk.assigner.place_due() for _ in range(4)] == [1, 1, 1, 0]
    assert len(desk.seats()) == 3
    store.close()
