"""Let the PostgreSQL server fail under three workers that nobody kills.

A worker must ride out whatever the server does: one that ends by itself is a violation. After
each blow the messages are noted that a receiver has taken and the database does not call sent:
their commits were lost with the server, or its answer was. Only these may be sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from crash_lab.campaign import SAY_EVERY_SECONDS, Campaign, Say, Terms
from crash_lab.servers import START_SECONDS, CommitCutter, MortalServer, Standby
from crash_lab.verdict import Verdict
from crash_lab.zygote import Zygote

KILL_EVERY_SECONDS = 20.0
LOOK_EVERY_SECONDS = 1.0
WORKERS = 3
PAPERS = 8
LEASE_SECONDS = 5
WRITABLE = "target_session_attrs=read-write"
CUT_SHARE = 0.02
"""Of the commits, so many are hit: each costs a connection, and the claim behind it its lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordeal:
    """Say how long an ordeal lasts, and where it takes place."""

    zygote: Zygote
    folder: Path
    say: Say
    seed: int
    seconds: float

    def campaign(self, name: str, url: str, *, books_url: str = "") -> Campaign:
        """Prepare a campaign on a database, which is looked at by another address if given."""
        terms = Terms(
            engine="postgresql",
            mode=name,
            kills=0,
            seed=self.seed,
            url=url,
            books_url=books_url,
            slots=WORKERS,
            papers=PAPERS,
            lease_seconds=LEASE_SECONDS,
            has_outages=True,
        )
        return Campaign(terms, self.zygote, self.folder, self.say)


def killed_server(ordeal: Ordeal) -> Verdict:
    """Kill the server every 20 s, and start it again at once."""
    with MortalServer() as server:
        campaign = ordeal.campaign("server killed", server.url())

        def blow() -> None:
            server.kill()
            server.restart()

        return _endure(ordeal, campaign, blow, every_seconds=KILL_EVERY_SECONDS)


def promoted_standby(ordeal: Ordeal) -> Verdict:
    """Kill the primary at half time and promote its standby; workers know both addresses."""
    with ExitStack() as stack:
        primary = stack.enter_context(MortalServer(has_standby=True))
        standby = stack.enter_context(Standby(primary))
        hosts = [f"127.0.0.1:{one.port}" for one in (primary, standby)]
        # SQLAlchemy wants a `host` for each; libpq's own address lists them with commas
        many = "&".join(f"host={host}" for host in hosts)
        campaign = ordeal.campaign(
            "standby promoted",
            f"postgresql://postgres@/postgres?{many}&{WRITABLE}",
            books_url=f"postgresql://postgres@{','.join(hosts)}/postgres?{WRITABLE}",
        )

        def blow() -> None:
            primary.kill()
            standby.promote()

        return _endure(ordeal, campaign, blow, every_seconds=ordeal.seconds / 2, most=1)


def cut_acknowledgements(ordeal: Ordeal) -> Verdict:
    """Lose the answers to commits between worker and server."""
    with ExitStack() as stack:
        server = stack.enter_context(MortalServer())
        cutter = stack.enter_context(
            CommitCutter(server.port, f"{ordeal.seed} cuts", share=CUT_SHARE)
        )
        through = f"postgresql://postgres@127.0.0.1:{cutter.port}/postgres"
        campaign = ordeal.campaign("answers cut", through, books_url=server.url())
        verdict = _endure(ordeal, campaign, lambda: None, every_seconds=LOOK_EVERY_SECONDS)
        verdict.facts["lost_answers"] = cutter.lost_answers
        verdict.facts["lost_commits"] = cutter.lost_commits
        return verdict


def _endure(
    ordeal: Ordeal,
    campaign: Campaign,
    blow: Callable[[], None],
    *,
    every_seconds: float,
    most: int = 1_000_000,
) -> Verdict:
    """Let workers work and strike now and then; they must finish, and then stop, by themselves."""
    started_at = time.monotonic()
    with campaign.world:
        campaign.furnish()
        campaign.begin_last()
        campaign.await_that(campaign.are_ready, START_SECONDS)
        end, blows, say_at = time.monotonic() + ordeal.seconds, 0, 0.0
        while time.monotonic() < end:
            campaign.listen_for(min(every_seconds, end - time.monotonic()))
            if blows < most and time.monotonic() < end:
                blow()
                blows += 1
                campaign.note_outage()
            if time.monotonic() > say_at:
                say_at = time.monotonic() + SAY_EVERY_SECONDS
                campaign.say_how_far(f"{blows} blows")
        campaign.drain(has_lives=True)
        campaign.judge()
    campaign.verdict.facts["blows"] = blows
    campaign.verdict.seconds = round(time.monotonic() - started_at, 1)
    return campaign.verdict


CHAOS: dict[str, Callable[[Ordeal], Verdict]] = {
    "server killed": killed_server,
    "standby promoted": promoted_standby,
    "answers cut": cut_acknowledgements,
}
