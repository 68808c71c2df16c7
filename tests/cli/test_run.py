"""What `monitor run` says, and how it exits."""

from __future__ import annotations

from pathlib import Path

from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import asked, invoke, told
from services.product import Workspace, rss
from services.webhook_sink import WebhookSink

CLOSED = "http://127.0.0.1:1"


def with_feeds(folder: Path, *urls: str) -> Workspace:
    made = Workspace(folder, {"MONITOR_PORT": "0"})
    made.configure(feeds={f"paper{n}": url for n, url in enumerate(urls)})
    return made


def closed(number: int) -> list[str]:
    return [f"{CLOSED}/{n}" for n in range(number)]


def said(made: Workspace, last: str) -> list[str]:
    """Run on a terminal until a line holds `last`; give the lines up to it."""
    lines: list[str] = []
    with made.on_terminal("run") as (process, shown):
        try:
            for line in shown:
                lines.append(line.rstrip("\n"))
                if last in line:
                    return lines
        finally:
            process.terminate()
            process.wait(30)
    raise AssertionError("\n".join(lines))


def test_without_a_network_one_line_says_so_at_each_start(tmp_path: Path) -> None:
    made = with_feeds(tmp_path, *closed(9))
    cause = "9 feeds: no connection: is there a network?"
    lines = said(made, "is there a network")
    assert [line for line in lines if "feeds" in line] == [
        "Polling 9 feeds …",
        f"{cause} They are tried again by themselves.",
    ]
    lines = said(made, "next poll")
    assert [line.strip() for line in lines if "problem" in line] == [
        f"problem    {cause} (they are tried again by themselves)"
    ]
    assert lines[-1].startswith("9 feeds, next poll in ")


def test_a_pass_and_status_name_one_cause_once(tmp_path: Path, site: HttpSite) -> None:
    made = with_feeds(tmp_path, site.put("/good", rss()), *closed(8))
    done = invoke(made, "run", "--once")
    cause = "8 feeds: no connection (paper1, paper2, paper3, paper4, paper5, paper6, 2 more)"
    assert f"  problem    {cause} (they are tried again by themselves)\n" in done.stdout
    assert done.stdout.count("problem") == 1
    assert f"  {cause} (they are tried again by themselves)\n" in invoke(made, "status").stdout


def test_of_private_addresses_it_says_how_to_allow_them(tmp_path: Path) -> None:
    made = with_feeds(tmp_path, *closed(2))
    config = (tmp_path / "monitor.yaml").read_text()
    made.write(
        "monitor.yaml", "\n".join(line for line in config.splitlines() if "net" not in line)
    )
    invoke(made, "run", "--once")
    shown = invoke(made, "status").stdout
    assert "2 feeds: the address is private (name its network below network.allow_pri" in shown
    assert "is there a network" not in shown


def test_of_feeds_that_answer_it_counts_the_others(tmp_path: Path, site: HttpSite) -> None:
    made = with_feeds(tmp_path, site.put("/good", rss()), *closed(1))
    lines = said(made, "failed, with reasons")
    assert lines[-2:] == [
        "Feeds: 1 of 2 answered; 0 articles stored, 0 matches",
        "  1 feed failed, with reasons and cures: monitor status",
    ]


def test_a_pass_fails_for_what_it_could_not_send_and_for_nothing_older(
    tmp_path: Path, sink: WebhookSink
) -> None:
    made = Workspace(tmp_path)
    made.configure(webhook=sink.url, tell="newsroom: now, mailbox: digest")
    made.write("seeds/acme.txt", f"date 2026-11-20 {told('acme')}")
    sink.script(Answer(413))
    assert invoke(made, "run", "--once").exit_code == 1
    assert asked(made, "status")["deliveries"]["dead"] == 1
    assert invoke(made, "run", "--once").exit_code == 0
    assert invoke(made, "deliveries", "resend", "--dead").exit_code == 0
    sink.script(Answer(503))
    assert invoke(made, "run", "--once").exit_code == 1
