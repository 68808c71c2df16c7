"""A channel or a rule that is taken out while something is owed: said, and given up in view."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import asked, invoke, opened_at, pass_at
from services.press import Press
from services.product import RULE, Workspace
from services.webhook_sink import WebhookSink

from monitor.app import Workspace as Watched
from monitor.clock import system_clock
from monitor.pipeline.orphans import GIVEN_UP_AFTER

HOUR = timedelta(hours=1)


@pytest.fixture
def press(tmp_path: Path, site: HttpSite, sink: WebhookSink, database_url: str) -> Press:
    """Give a workspace that owes a webhook a message, whose receiver is down."""
    found = Press(Workspace(tmp_path, {"MONITOR_DATABASE_URL": database_url}), site, sink)
    found.baseline()
    sink.default = Answer(503)
    found.publish("a")
    pass_at(found.made, system_clock())
    return found


def take_out_the_channel(press: Press) -> str:
    """Take the webhook out of monitor.yaml and of the rule; give what stood there."""
    whole = (press.made.folder / "monitor.yaml").read_text()
    left = [line for line in whole.splitlines() if "newsroom:" not in line]
    press.made.write("monitor.yaml", "\n".join(left))
    press.made.write("rules/acme.yaml", RULE % "mailbox: digest")
    return whole


def owed(press: Press) -> list[tuple[str, str | None]]:
    lines = asked(press.made, "deliveries", "list")
    return [(one["state"], one["last_error"]) for one in lines if one["channel"] == "newsroom"]


def missing(press: Press) -> list[str]:
    found = asked(press.made, "status")["problems"]
    return [one["cure"] for one in found if one["kind"] == "missing channel"]


def test_what_is_owed_to_a_channel_that_is_gone_waits_a_week_in_view_and_is_then_given_up(
    press: Press,
) -> None:
    whole = take_out_the_channel(press)
    start = system_clock()
    pass_at(press.made, start + HOUR)
    given_up_on = (start + HOUR + GIVEN_UP_AFTER).date()
    assert [str(given_up_on) in cure for cure in missing(press)] == [True]
    pass_at(press.made, start + GIVEN_UP_AFTER)
    assert [state for state, _ in owed(press)] == ["pending"]

    pass_at(press.made, start + GIVEN_UP_AFTER + 2 * HOUR)
    assert owed(press) == [("dead", "channel 'newsroom' is not in monitor.yaml any more")]
    assert missing(press) == []

    press.made.write("monitor.yaml", whole)
    press.sink.default = Answer(200)
    press.sink.hits.clear()
    assert invoke(press.made, "deliveries", "resend", "--dead").exit_code == 0
    pass_at(press.made, start + GIVEN_UP_AFTER + 3 * HOUR)
    assert owed(press) == [("sent", None)]
    assert press.told() == press.once


def test_a_channel_that_comes_back_within_the_week_gets_what_is_owed(press: Press) -> None:
    whole = take_out_the_channel(press)
    start = system_clock()
    pass_at(press.made, start + HOUR)
    press.made.write("monitor.yaml", whole)
    press.sink.default = Answer(200)
    pass_at(press.made, start + 6 * 24 * HOUR)
    assert owed(press) == [("sent", None)]
    assert missing(press) == []


async def reloaded(press: Press, change: str) -> Watched:
    """Open the workspace with its rule in force, take the rule out or break it, and reload."""
    async with opened_at(press.made, system_clock()) as watched:
        watched.start()
        rule = press.made.folder / "rules/acme.yaml"
        if change == "taken out":
            rule.unlink()
        else:
            rule.write_text("title: [", "utf-8")
        watched.look()
        return watched
    raise AssertionError("unreachable")


async def test_the_alerts_of_a_rule_that_is_taken_out_are_given_up(press: Press) -> None:
    await reloaded(press, "taken out")
    assert owed(press) == [("dead", "rule 'acme' is not in rules/ any more")]


async def test_the_alerts_of_a_rule_with_a_slip_of_the_pen_wait(press: Press) -> None:
    await reloaded(press, "broken")
    assert [state for state, _ in owed(press)] == ["pending"]
