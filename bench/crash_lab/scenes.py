"""Play the scenes in which planted bugs must show: each is green on the product as it is."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from crash_lab.bugs import UNIQUE
from crash_lab.campaign import Campaign, Say, Terms
from crash_lab.life import FROZEN
from crash_lab.lives import Life
from crash_lab.verdict import Verdict
from crash_lab.workplace import write_seeds
from crash_lab.zygote import Zygote

LEASE_SECONDS = 2
PATIENCE_SECONDS = 60.0
POWER_CUTS = 20
SEED_ROUNDS = 20
SEED_SECONDS = 0.6
MEDDLE_SECONDS = 30.0
MANY_MESSAGES = 60
MOST_LIVES = 25
"""A poisonous event is two messages: five crashes each, and some more that they share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Be where a scene is played; `database` makes an empty PostgreSQL database and gives it."""

    zygote: Zygote
    folder: Path
    say: Say
    seed: int
    database: Callable[[], str]
    bug: str = ""

    def campaign(self, engine: str, mode: str, **terms: object) -> Campaign:
        """Prepare a campaign on this stage."""
        url = self.database() if engine == "postgresql" else ""
        made = Terms(engine=engine, mode=mode, kills=0, seed=self.seed, url=url, bug=self.bug)
        return Campaign(replace(made, **terms), self.zygote, self.folder, self.say)  # type: ignore[arg-type]


def killed_at(*points: str, kills: int) -> Callable[[Stage], Verdict]:
    """Make the scene of a campaign on SQLite that kills at these failpoints alone."""

    def play(stage: Stage) -> Verdict:
        return stage.campaign("sqlite", "failpoint", kills=kills, points=points).run()

    return play


def power_cuts(stage: Stage) -> Verdict:
    """Take the power away with each kill."""
    return stage.campaign("sqlite", "random", kills=POWER_CUTS, has_power_cuts=True).run()


def without_keys(stage: Stage) -> Verdict:
    """Let three workers find the same new seed files at once, again and again.

    Nothing is claimed there: the keys alone keep an article from being stored by each of them.
    """
    campaign = stage.campaign("postgresql", "random", slots=3, papers=8)
    with campaign.world:
        campaign.furnish()
        campaign.command("db", "upgrade")
        if stage.bug:
            _drop_keys(campaign.books.url)
        campaign.world.is_publishing = False
        campaign.begin_last()
        for _ in range(SEED_ROUNDS):
            write_seeds(stage.folder, campaign.world)
            campaign.listen_for(SEED_SECONDS)
        return _ended(campaign)


def _drop_keys(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        for table, names in UNIQUE.items():
            for name in names:
                drop = f'alter table "{table}" drop constraint "{name}" cascade'
                server.execute(drop.encode())


def second_writer(stage: Stage) -> Verdict:
    """Let another process write to the SQLite file all the time."""
    campaign = stage.campaign("sqlite", "random")
    with campaign.world:
        campaign.furnish()
        campaign.command("db", "upgrade")
        campaign.lives.begin("last")
        meddler = campaign.lives.begin("meddler", command=["meddle"])
        campaign.await_that(lambda: len(campaign.world.ledger) >= MANY_MESSAGES, MEDDLE_SECONDS)
        campaign.lives.kill(meddler)
        return _ended(campaign)


def poison(stage: Stage) -> Verdict:
    """Let every send of one event kill its process; the others must go out all the same."""
    campaign = stage.campaign("sqlite", "random")
    world, lives, verdict = campaign.world, campaign.lives, campaign.verdict
    with world:
        campaign.furnish()
        campaign.command("db", "upgrade")
        world.is_publishing = False
        token = next(token for token, kind in world.kinds.items() if kind == "at once")
        poisoned = {want for want in world.wants if want.token == token}
        for _ in range(MOST_LIVES):
            life = lives.begin("poison", fittings={"poison": token})
            campaign.await_that(
                lambda life=life: (
                    life.number not in lives.at_work  # type: ignore[misc]
                    or (world.untold <= poisoned and _parked(campaign) == len(poisoned))
                ),
                PATIENCE_SECONDS,
            )
            if life.number in lives.at_work:
                break
        else:
            verdict.complain("a poisonous row kills for ever", [token])
        campaign.kill_all()
        verdict.kills = {"poison": campaign.killed}
        verdict.lost = len(world.untold - poisoned)
        verdict.parked = _parked(campaign)
        verdict.complain("not parked", poisoned if verdict.parked != len(poisoned) else ())
    return verdict


def _parked(campaign: Campaign) -> int:
    reasons = campaign.books.column("select last_error from delivery where state = 'dead'")
    return sum("crashed" in reason for reason in reasons)


def late_sender(stage: Stage) -> Verdict:
    """Freeze a worker just before a send, past its lease, while another takes over."""
    campaign = stage.campaign("postgresql", "random", lease_seconds=LEASE_SECONDS)
    world, lives, flag = campaign.world, campaign.lives, stage.folder / "freeze"
    with world:
        slow = _alone(campaign, freeze=["out.presend", str(flag)])
        flag.touch()
        world.publish("webhook", 0)
        _come(campaign.await_that(lambda: FROZEN in slow.words, PATIENCE_SECONDS))
        lives.begin("last")
        _come(campaign.await_that(lambda: not world.untold, PATIENCE_SECONDS))
        lives.signal(slow, signal.SIGCONT)
        campaign.await_that(lambda: len(set(world.arrivals)) < len(world.arrivals), 3.0)
        return _ended(campaign)


def stale_settler(stage: Stage) -> Verdict:
    """Freeze a worker while a receiver takes its time to refuse; another sends meanwhile.

    The frozen worker wakes with its refusal while the other is still waiting for its answer.
    """
    campaign = stage.campaign("postgresql", "random", lease_seconds=LEASE_SECONDS)
    world, lives = campaign.world, campaign.lives
    with world:
        slow = _alone(campaign)
        token = world.publish("webhook", 0, is_held=True)
        _come(campaign.await_that(lambda: world.arrivals.count(token) == 1, PATIENCE_SECONDS))
        lives.signal(slow, signal.SIGSTOP)
        lives.begin("last")
        _come(campaign.await_that(lambda: world.arrivals.count(token) == 2, PATIENCE_SECONDS))
        world.answer(token, 500)
        lives.signal(slow, signal.SIGCONT)
        # as long as a webhook's first retry may wait, and some
        campaign.await_that(lambda: world.arrivals.count(token) == 3, 9.0)
        world.answer(token, 200, 200, 200)
        campaign.await_that(campaign.is_done, 9.0)
        return _ended(campaign)


def _come(has_come: bool) -> None:
    """Raise SystemExit if a scene cannot be played."""
    if not has_come:
        raise SystemExit("the scene cannot be played: what it waits for did not come in time")


def _alone(campaign: Campaign, **fittings: object) -> Life:
    """Let one life do all that is to be done at first, so that only one thing is to come."""
    campaign.furnish()
    campaign.command("db", "upgrade")
    campaign.world.is_publishing = False
    life = campaign.lives.begin("last", fittings=fittings)
    _come(campaign.await_that(campaign.is_done, PATIENCE_SECONDS))
    return life


def _ended(campaign: Campaign) -> Verdict:
    """Kill what is still at work, let others finish, and judge."""
    campaign.kill_all()
    campaign.drain()
    campaign.judge()
    return campaign.verdict


SCENES: dict[str, Callable[[Stage], Verdict]] = {
    "mark-before-send": killed_at("out.presend", "out.acked", kills=10),
    "two-transactions": killed_at("t1.precommit", kills=20),
    "no-unique": without_keys,
    "no-fence": stale_settler,
    "no-immediate": second_writer,
    "synchronous-normal": power_cuts,
    "attempts-after-send": poison,
    "late-send": late_sender,
}
"""Planted bug to the scene in which it must show."""
