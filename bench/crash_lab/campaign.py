"""Kill lives until enough have died, let the last ones finish the work, and judge."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crash_lab import power
from crash_lab.books import Books
from crash_lab.lives import Life, Lives
from crash_lab.plans import LATE_SECONDS, draw
from crash_lab.verdict import Verdict, judge_messages, judge_state
from crash_lab.workplace import write_workspace
from crash_lab.world import World
from crash_lab.zygote import News, Zygote

DRAIN_SECONDS = 120.0
"""How long the last lives may take to finish the work."""

IDLE_SECONDS = 10.0
"""After how long without anything to do or any message the last lives are not waited for."""

MOST_STRAYS = 20
"""If more lives end by themselves, the campaign is given up: nothing can be learned from it."""

MOST_SLOWNESS = 4.0
USUAL_START_SECONDS = 0.25
"""How long a life takes to be ready where it has a core of its own."""

STOP_SECONDS = 15.0
SAY_EVERY_SECONDS = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Say what a campaign is; `slots` lives are at work at a time.

    With `has_power_cuts` each kill takes the machine's power as well: what was not fsynced of the
    write-ahead log is lost.
    """

    engine: str
    mode: str
    kills: int
    seed: int
    url: str = ""
    books_url: str = ""
    """Where the judge looks, if that is another address than the lives'."""
    slots: int = 1
    papers: int = 4
    lease_seconds: int = 5
    """Ten times what the slowest work takes, on a machine that has time for it."""
    bug: str = ""
    has_power_cuts: bool = False
    has_outages: bool = False
    """The database fails now and then, and a life may say so."""
    points: tuple[str, ...] = ()
    """The failpoints to kill at, all by default."""

    @property
    def name(self) -> str:
        """Name the campaign."""
        return f"{self.engine} {self.mode}"


class Campaign:
    """Be one campaign in a folder of its own; `run` does all of it."""

    def __init__(self, terms: Terms, zygote: Zygote, folder: Path, say: Say) -> None:
        self._terms, self._folder, self._say = terms, folder, say
        self._chance = random.Random(f"{terms.seed} {terms.name}")
        self.world = World(f"{terms.seed} {terms.name} world", papers=terms.papers)
        self.books = Books(
            terms.books_url or terms.url or f"sqlite:///{folder / 'data' / 'monitor.db'}"
        )
        self.lives = Lives(zygote, folder, url=terms.url, bug=terms.bug)
        self._kills: Counter[str] = Counter()
        self._caught: Counter[str] = Counter()
        self._strays = 0
        self._start_seconds = USUAL_START_SECONDS
        self.verdict = Verdict()

    def run(self) -> Verdict:
        """Kill, drain, judge."""
        started_at = time.monotonic()
        with self.world:
            self.furnish()
            self.kill_many()
            self.drain()
            self.judge()
        self.verdict.seconds = round(time.monotonic() - started_at, 1)
        return self.verdict

    def furnish(self) -> None:
        """Write the workspace; the world is open."""
        terms = self._terms
        write_workspace(
            self._folder, self.world, papers=terms.papers, lease_seconds=terms.lease_seconds
        )

    # the killing

    def kill_many(self) -> None:
        """Begin lives and kill them, until enough have died."""
        started_at = time.monotonic()
        say_at = started_at + SAY_EVERY_SECONDS
        while self._kills.total() < self._terms.kills:
            while len(self.lives.at_work) < self._terms.slots:
                self._begin()
            self._turn()
            if time.monotonic() > say_at:
                say_at = time.monotonic() + SAY_EVERY_SECONDS
                self.say_how_far(f"{self.killed} of {self._terms.kills} kills")
                self._revive()
        rate = self._kills.total() / (time.monotonic() - started_at)
        self.verdict.facts["kills_per_second"] = round(rate, 2)
        self.verdict.facts["start_seconds"] = round(self._start_seconds, 2)
        self.kill_all()

    def kill_all(self) -> None:
        """Kill all that are at work, and see to their deaths."""
        for life in self.lives.kill_all():
            self._bury(life, News(number=life.number, signal=signal.SIGKILL))

    @property
    def killed(self) -> int:
        """Count the kills so far."""
        return self._kills.total()

    def _begin(self) -> None:
        terms = self._terms
        plan = draw(terms.mode, self._chance, self._folder, slots=terms.slots, points=terms.points)
        fittings = dict(plan.fittings)
        if self._terms.has_power_cuts:
            fittings["syncs"] = str(self._folder / "synced")
        life = self.lives.begin(plan.name, environ=plan.environ, fittings=fittings)
        life.due_at, life.ready_for = time.monotonic() + plan.within, plan.ready_for

    def _turn(self) -> None:
        """Wait for the next news or death that is due, and see to it."""
        due_at = min(life.due_at for life in self.lives.at_work.values())
        for life, news in self.lives.news(due_at - time.monotonic()):
            if news.is_ready:
                life.due_at = min(life.due_at, time.monotonic() + self._slowed(life))
            else:
                self._bury(life, news)
        self.lives.kill_overdue(LATE_SECONDS)

    def _slowed(self, life: Life) -> float:
        """Give how long a ready life may live: longer if this machine is slow to begin lives."""
        took = time.monotonic() - life.begun_at
        self._start_seconds += (took - self._start_seconds) / 10
        slowness = self._start_seconds / USUAL_START_SECONDS
        return life.ready_for * min(max(slowness, 1.0), MOST_SLOWNESS)

    def _bury(self, life: Life, news: News) -> None:
        self._scan(life)
        if news.signal != signal.SIGKILL:
            fate = f"exit {news.code}" if news.signal is None else f"signal {news.signal}"
            self.verdict.complain("a life ended by itself", [(life.label, fate, life.words[-3:])])
            self._strays += 1
            if self._strays > MOST_STRAYS:
                raise SystemExit("\n".join((f"{self._terms.name}: no life lives", *life.words)))
            return
        is_late = life.is_overdue and self._terms.mode != "random"
        self._kills["late" if is_late else life.plan] += 1
        self.world.let_finish(life.label)
        if self._terms.has_power_cuts:
            power.cut(self._folder / "data" / "monitor.db", self._folder / "synced")
        self.note_window(life)
        self.world.read_maildir(self._folder / "data" / "mail")

    def note_window(self, life: Life) -> None:
        """See which messages this death has caught inside their window."""
        accepted, settled = self.world.accepted_from(life.label), life.settled
        unsent = self.books.unsent(accepted | settled)
        self.verdict.complain("a commit that had returned is lost", unsent & settled)
        caught = (unsent & accepted) - settled
        self._caught.update(caught)
        self.verdict.kills_in_window += bool(caught)

    def _scan(self, life: Life) -> None:
        """Look for defects in what a life has said."""
        signs = _DEFECTS[:1] if self._terms.has_outages else _DEFECTS
        found = [line[:400] for line in life.words if any(sign in line for sign in signs)]
        self.verdict.complain("a defect was logged", found[:1])
        overruns = len(life.said("delivery outlived its lease"))
        self.verdict.facts["overruns"] = self.verdict.facts.get("overruns", 0) + overruns

    # the end

    def begin_last(self) -> None:
        """Begin the lives that nobody kills."""
        for _ in range(self._terms.slots):
            self.lives.begin("last")

    def note_outage(self) -> None:
        """See which messages are taken and not called sent, now that the database is back.

        What else is sent meanwhile is noted the next time, or was settled.
        """
        accepted = {message.id for message in self.world.ledger if message.label}
        self._caught.update(self.books.unsent(accepted))

    def say_how_far(self, what: str) -> None:
        """Tell how far the campaign is."""
        ledger, untold = self.world.ledger, self.world.untold
        self._say(f"{self._terms.name}: {what}, {len(ledger)} messages, {len(untold)} untold")

    def drain(self, *, has_lives: bool = False) -> None:
        """Let lives that nobody kills finish all that is owed, and stop them."""
        self.world.is_publishing = False
        end = time.monotonic() + DRAIN_SECONDS
        revive_at = 0.0
        if not has_lives:
            self.begin_last()
        idle = _Idleness()
        while time.monotonic() < end and not (self.are_ready() and self.is_done()):
            self._listen(0.2)
            if idle.lasts(len(self.world.ledger), self._is_waiting()):
                break  # nothing will come any more: what is missing is lost
            self.world.read_maildir(self._folder / "data" / "mail")
            if time.monotonic() > revive_at:
                self._revive()
                revive_at = time.monotonic() + SAY_EVERY_SECONDS
        self.verdict.facts["is_drained"] = self.is_done()
        self._stop()

    def await_that(self, is_so: Callable[[], bool], within_seconds: float) -> bool:
        """See to deaths until something is so; False if that does not come in time."""
        end = time.monotonic() + within_seconds
        while not (found := is_so()) and time.monotonic() < end:
            self._listen(0.1)
        return found

    def listen_for(self, seconds: float) -> None:
        """See to deaths for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._listen(left)

    def _listen(self, within_seconds: float) -> None:
        for life, news in self.lives.news(within_seconds):
            if not news.is_ready:
                self._bury(life, news)
        self.world.read_maildir(self._folder / "data" / "mail")

    def are_ready(self) -> bool:
        """Tell whether all lives at work have come up."""
        return all(life.is_ready for life in self.lives.at_work.values())

    def is_done(self) -> bool:
        """Tell whether nothing is left to do."""
        return not self.world.untold and self.world.is_stored() and not self._is_waiting()

    def _is_waiting(self) -> bool:
        """Tell whether the database still knows of something to do."""
        return not self.books.is_made() or self.books.rows(_WAITING) != [(0,)]

    def _revive(self) -> None:
        """Do what `status` advises after five crashes: the rows are innocent, we killed."""
        if not self.books.is_made():
            return
        dead = self.books.column("select last_error from delivery where state = 'dead'")
        parked = self.books.column("select url from feed where state = 'parked'")
        strange = [reason for reason in dead if "crashed" not in reason]
        self.verdict.complain("given up without five crashes", strange)
        self.verdict.parked += len(dead) + len(parked)
        if dead:
            self.command("deliveries", "resend", "--dead")
        if parked:
            self.command("ingest")
        for url in self.books.column(_PARKED_ARTICLES):
            if self.world.revise(url):
                self.verdict.parked += 1

    def command(self, *words: str) -> None:
        """Run another command of the product to its end; raises SystemExit if it fails."""
        mine = self.lives.begin("command", command=[*words])
        while mine.number in self.lives.at_work:
            for life, news in self.lives.news(1):
                if life is not mine and not news.is_ready:
                    self._bury(life, news)
                elif life is mine and news.code != 0:
                    raise SystemExit(
                        "\n".join((f"monitor {' '.join(words)} failed:", *life.words))
                    )

    def _stop(self) -> None:
        """Ask the last lives to stop: they must end by themselves, with exit code 0."""
        for life in self.lives.at_work.values():
            self.lives.signal(life, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while self.lives.at_work and time.monotonic() < end:
            for life, news in self.lives.news(0.5):
                if news.is_ready:
                    continue
                self._scan(life)
                wrong = [] if news.code == 0 else [(life.label, news, life.words[-3:])]
                self.verdict.complain("a stop was not clean", wrong)
        self.verdict.complain("a stop did not end", [one.label for one in self.lives.kill_all()])

    def judge(self) -> None:
        """Fill the verdict."""
        self.world.read_maildir(self._folder / "data" / "mail")
        self.verdict.kills = dict(sorted(self._kills.items()))
        judge_messages(self.verdict, self.world, self._caught)
        judge_state(self.verdict, self.world, self.books, has_outages=self._terms.has_outages)
        lines = self._folder / "lines"
        if lines.exists():
            self.verdict.facts["lines"] = len(set(lines.read_text().splitlines()))


_PARKED_ARTICLES = (
    "select a.url from article a left join seat s on s.article_id = a.id "
    "where not a.place_due and s.article_id is null"
)


class _Idleness:
    """See whether nothing has happened for so long that nothing will."""

    def __init__(self) -> None:
        self._seen = -1
        self._since = time.monotonic()

    def lasts(self, seen: int, is_waiting: bool) -> bool:
        """Tell so; `seen` grows with what happens."""
        if seen != self._seen or is_waiting:
            self._seen, self._since = seen, time.monotonic()
        return time.monotonic() - self._since > IDLE_SECONDS


_WAITING = (
    "select (select count(*) from delivery where state = 'pending') "
    "+ (select count(*) from article where place_due)"
)

_DEFECTS = ("Traceback", "database is locked", '"event": "lane failed"')
"""What no life may say, however often others die."""
