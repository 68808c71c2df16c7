"""Load two workers evenly for long, and weigh the tables: what is dead, what is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle

import psycopg
from _desk import Desk
from _fleet import Fleet, Meter, Site, fleet, wait_until
from _postgres import DurableServer
from _scale import Load, newsroom, say

LOAD = Load(feeds=3_000, items=3, deliveries=0)
WORKERS = 2
POLLS_PER_SECOND = 50
DELIVERIES_PER_SECOND = 10
EDITION_SECONDS = 60.0  # in each a tenth of the feeds have one new article
SAMPLE_SECONDS = 60.0

Tables = dict[str, dict[str, float]]


def bloat(server: DurableServer, minutes: float) -> dict[str, object]:
    """Give each table's size after the load, dead rows, and the same after VACUUM FULL."""
    with newsroom(server, LOAD) as site, server.copy("base", "loaded") as database:
        url = server.product_url(database)
        desk = Desk(url)
        with fleet(site, url, WORKERS) as workers:
            wait_until("start", lambda: desk.beats() >= WORKERS, workers)
            _warm_up(site, desk, workers)
            meter = Meter(workers, server, site.pid)
            before, was_done = meter.sample(), desk.work_done()
            series = _load(server, site, desk, workers, minutes)
            after, is_done = meter.sample(), desk.work_done()
        articles, stories = desk.placed()
        desk.close()
        seconds = after.at - before.at
        shares = {n: (after.used[n] - was) / seconds for n, was in before.used.items()}
        return {
            "minutes": minutes,
            "asked": {"polls_per_s": POLLS_PER_SECOND, "deliveries_per_s": DELIVERIES_PER_SECOND},
            "done_per_s": {
                name: round((now - was_done[name]) / seconds, 2) for name, now in is_done.items()
            },
            "articles": articles,
            "stories": stories,
            "cores_used": {name: round(share, 3) for name, share in shares.items()},
            "late": series[-1]["late"],
            "most_dead_rows": _most_dead(series),
            "tables": _weighed(server, database),
        }


def _warm_up(site: Site, desk: Desk, workers: Fleet) -> None:
    """Let each feed have news once, so that a first alert is there for others to be made after."""
    site.publish(1)
    desk.make_feeds_due()
    wait_until("news", lambda: not desk.unpolled() and not desk.unplaced(), workers)


def _load(
    server: DurableServer, site: Site, desk: Desk, workers: Fleet, minutes: float
) -> list[dict[str, object]]:
    """Let so many feeds fall due and owe so many deliveries each second.

    To let a feed fall due is one update more than its service has: the tables suffer a little
    more than they would.
    """
    ids, start, second, edition = cycle(desk.feed_ids()), time.monotonic(), 0, 1
    series: list[dict[str, object]] = []
    while (now := time.monotonic() - start) < minutes * 60:
        workers.check()
        if now >= (edition - 1) * EDITION_SECONDS:
            edition += 1
            site.publish(edition)
        if now >= len(series) * SAMPLE_SECONDS:
            late = {"feeds": desk.unpolled(), "deliveries": desk.unsent()}
            series.append({"late": late, "tables": _tables(server, "loaded")})
            say(f"{now / 60:.0f} min: late {late}")
        while second < now:
            desk.make_feeds_due(_some(ids, POLLS_PER_SECOND))
            desk.owe(DELIVERIES_PER_SECOND, site.channels)
            second += 1
        time.sleep(0.1)
    late = {"feeds": desk.unpolled(), "deliveries": desk.unsent()}
    return [*series, {"late": late, "tables": _tables(server, "loaded")}]


def _some(ids: Iterator[int], number: int) -> list[int]:
    return [next(ids) for _ in range(number)]


_TABLES = """
    select relname, pg_total_relation_size(relid), n_live_tup, n_dead_tup,
           autovacuum_count
    from pg_stat_user_tables order by 2 desc"""


def _tables(server: DurableServer, database: str) -> Tables:
    with psycopg.connect(server.url(database)) as connection:
        rows = connection.execute(_TABLES).fetchall()
    return {
        name: {"bytes": size, "live_rows": live, "dead_rows": dead, "autovacuums": vacuums}
        for name, size, live, dead, vacuums in rows
    }


def _most_dead(series: list[dict[str, object]]) -> dict[str, int]:
    """Give the most dead rows each table had at a look."""
    found: dict[str, int] = {}
    for one in series:
        for name, facts in one["tables"].items():  # type: ignore[attr-defined]
            found[name] = max(found.get(name, 0), facts["dead_rows"])
    return {name: most for name, most in found.items() if most}


def _weighed(server: DurableServer, database: str) -> Tables:
    """Compare each table with its size in a copy after VACUUM FULL."""
    loaded = _tables(server, database)
    with server.copy(database, "full") as copy:
        server.execute("vacuum full", copy)
        full = _tables(server, copy)
    return {
        name: {
            "mb": round(facts["bytes"] / 1e6, 2),
            "mb_full": round(full[name]["bytes"] / 1e6, 2),
            "times": round(facts["bytes"] / full[name]["bytes"], 2),
            **{key: facts[key] for key in ("live_rows", "dead_rows", "autovacuums")},
        }
        for name, facts in loaded.items()
        if facts["live_rows"]
    }
