"""Measure N workers on one database: polls, articles placed, deliveries settled."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from _desk import Desk
from _fleet import Fleet, Meter, Sample, Site, fleet, idle, phase, wait_until, write_workspace
from _lab import program
from _postgres import DurableServer

WORDS = 300  # of an article: its feed holds the whole text, no page is fetched
RULES = 50
SHARE = 0.05  # of the new items are looked for by a rule
CHANNELS = 16
IDLE_SECONDS = 8.0

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Load:
    """Say how much there is: feeds, items each at first, deliveries."""

    feeds: int
    items: int
    deliveries: int


@contextmanager
def newsroom(server: DurableServer, load: Load) -> Iterator[Site]:
    """Have a database "base" in which all feeds were polled once and all articles are placed."""
    press = Path(__file__).with_name("_press.py")
    arguments = map(str, (load.feeds, load.items, WORDS, RULES, SHARE))
    with tempfile.TemporaryDirectory() as name, program(press, *arguments) as process:
        assert process.stdout is not None
        port, folder = int(process.stdout.readline()), Path(name)
        write_workspace(folder, port, load.feeds, RULES, CHANNELS)
        site = Site(folder, port, process.pid, tuple(f"hook{n}" for n in range(CHANNELS)))
        say(f"{load.feeds * load.items} articles come and are placed ...")
        server.execute('create database "base"')
        try:
            _fill(server, site, load)
            yield site
        finally:
            server.execute('drop database "base" with (force)')


def _fill(server: DurableServer, site: Site, load: Load) -> None:
    url = server.product_url("base")
    desk = Desk(url)
    with fleet(site, url, 1) as workers:
        wait_until("start", lambda: _is_up(server, desk, 1), workers)
        wait_until(
            "first polls",
            lambda: desk.placed()[0] >= load.feeds * load.items and not desk.unplaced(),
            workers,
        )
    desk.close()
    server.execute("vacuum analyze", "base")
    server.execute("checkpoint")


def _is_up(server: DurableServer, desk: Desk, count: int) -> bool:
    if server.one("select to_regclass('beat')", str(desk.store.url.database)) is None:
        return False
    return desk.beats() >= count


def measure(
    server: DurableServer, site: Site, load: Load, counts: Sequence[int], rounds: int
) -> dict[str, Figures]:
    """Measure with each number of workers in turn, some rounds; give medians."""
    found: dict[int, list[Figures]] = {count: [] for count in counts}
    for number in range(rounds):
        for count in counts:
            say(f"round {number + 1} of {rounds}, {count} workers ...")
            with server.copy("base", "copy") as database:
                found[count].append(_one(server, site, load, database, count))
            say(str(found[count][-1]))
    return {str(count): _medians(ones) for count, ones in found.items()}


def _one(server: DurableServer, site: Site, load: Load, database: str, count: int) -> Figures:
    """Measure the phases once, each on its own: what follows from one waits for its phase."""
    url = server.product_url(database)
    desk = Desk(url)
    desk.hold_assigner()
    desk.pause(site.channels)
    site.publish(0)
    with fleet(site, url, count) as workers:
        wait_until("start", lambda: desk.beats() >= count, workers)
        wait_until("first look", lambda: not desk.unpolled(), workers)
        meter = Meter(workers, server, site.pid)
        found = {"idle": idle(meter, IDLE_SECONDS)}
        for name, edition in (("polls_unchanged", 0), ("polls_with_news", 1)):
            site.publish(edition)
            begin, left = desk.make_feeds_due, desk.unpolled
            found[name] = phase(meter, begin, left, load.feeds)[1]
        backlog, open_stories = desk.unplaced(), desk.placed()[1]
        samples, placing = phase(meter, desk.release_assigner, desk.unplaced, backlog)
        found["placed"] = {**placing, **_takeover(samples), "open_stories": open_stories}
        desk.owe(load.deliveries - desk.unsent(), site.channels)
        found["sent"] = phase(meter, desk.resume, desk.unsent, desk.unsent())[1]
    desk.close()
    return found


def _takeover(samples: list[Sample]) -> dict[str, float]:
    """Say what passed from the role's release to the first batch: most is reading the index."""
    start = samples[0]
    first = next(one for one in samples if one.left < start.left)
    return {
        "takeover_s": round(first.at - start.at, 1),
        "takeover_cpu_s": round(first.used["worker"] - start.used["worker"], 2),
    }


def _medians(ones: list[Figures]) -> Figures:
    return {
        name: {
            figure: round(statistics.median(one[name][figure] for one in ones), 3)
            for figure in figures
        }
        for name, figures in ones[0].items()
    }


def assigner(server: DurableServer, load: Load, sizes: Sequence[int]) -> list[dict[str, float]]:
    """Measure the assigner's ceiling beside so many open articles: one worker, nothing else."""
    found = []
    for size in sizes:
        this = Load(load.feeds, max(1, size // load.feeds), deliveries=0)
        with newsroom(server, this) as site, server.copy("base", "copy") as database:
            found.append(_one(server, site, this, database, 1)["placed"])
            found[-1]["open_articles"] = this.feeds * this.items
    return found


def say(text: str) -> None:
    """Tell who waits."""
    print(text, file=sys.stderr, flush=True)


__all__ = ["Fleet", "Load", "assigner", "measure", "newsroom", "say"]
