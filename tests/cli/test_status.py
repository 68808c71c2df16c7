"""What `monitor status` says, whatever the state of the workspace."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from services.in_process import asked, invoke
from services.product import Workspace

from monitor.cli.disk import disk_reason
from monitor.clock import system_clock
from monitor.model.keys import ChannelName
from monitor.store import beats, channels, roles
from monitor.store.beats import Failure, Signs
from monitor.store.engine import Store, Tx


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Give a workspace without feeds in which nothing has run yet."""
    workspace = Workspace(tmp_path)
    workspace.configure()
    return workspace


def filesystem(*, free_blocks: int, free_files: int, flags: int = 0) -> os.statvfs_result:
    size, files = 1_000_000, 1_000 if free_files >= 0 else 0
    numbers = (4096, 4096, size, free_blocks, free_blocks, files, free_files, free_files)
    return os.statvfs_result((*numbers, flags, 255))


def test_before_the_first_run_the_cure_is_to_run(made: Workspace) -> None:
    done = invoke(made, "status")
    assert done.exit_code == 1
    assert done.stderr == "there is no database yet; start with: monitor run\n"


def test_a_database_that_is_down_is_not_a_full_disk(made: Workspace) -> None:
    config = (made.folder / "monitor.yaml").read_text()
    url = "postgresql://monitor@127.0.0.1:1/monitor"
    made.write("monitor.yaml", f'{config}database: {{url: "{url}"}}\n')
    done = invoke(made, "status")
    assert done.exit_code == 1
    assert "the database cannot be reached" in done.stderr
    assert "make room" not in done.stderr


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (filesystem(free_blocks=1_000, free_files=1), ""),
        (filesystem(free_blocks=1_000, free_files=-1), ""),
        (filesystem(free_blocks=10, free_files=9), "No space left on device"),
        (filesystem(free_blocks=1_000, free_files=0), "No space left on device"),
        (filesystem(free_blocks=1_000, free_files=9, flags=1), "Read-only file system"),
    ],
)
def test_only_a_disk_that_takes_nothing_is_full(facts: os.statvfs_result, reason: str) -> None:
    assert disk_reason(facts) == reason


def test_an_empty_server_database_is_none_yet(made: Workspace, pg_url: str) -> None:
    config = (made.folder / "monitor.yaml").read_text()
    made.write("monitor.yaml", f'{config}database: {{url: "{pg_url}"}}\n')
    done = invoke(made, "status")
    assert (done.exit_code, done.stderr) == (
        1,
        "there is no database yet; start with: monitor run\n",
    )


def break_in(made: Workspace, old: str, new: str, path: str = "monitor.yaml") -> None:
    text = (made.folder / path).read_text()
    assert old in text
    made.write(path, text.replace(old, new))


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("monitor.yaml", "kind: file", "kind: fil", "monitor.yaml:2:19: 'fil' is no kind"),
        ("monitor.yaml", "channels:", "channels: [", "monitor.yaml:"),
        ("sources.yaml", "name: Dawn", "nome: Dawn", "unknown key 'nome'"),
    ],
)
def test_a_broken_file_hides_nothing_that_is_stored(
    made: Workspace, path: str, old: str, new: str, said: str
) -> None:
    made.configure(feeds={"dawn": "http://127.0.0.1:1/dawn"})
    assert invoke(made, "run", "--once").exit_code == 0
    break_in(made, old, new, path)
    shown = invoke(made, "status")
    assert shown.exit_code == 1
    assert said in shown.stdout
    assert "http://127.0.0.1:1/dawn" in shown.stdout
    assert "nothing is wrong" not in shown.stdout
    facts = asked(made, "status")
    assert said in facts["configuration"][0]
    assert facts["feeds"]["all"] == 1


def test_with_a_broken_database_url_no_other_database_is_shown(made: Workspace) -> None:
    assert invoke(made, "run", "--once").exit_code == 0
    config = (made.folder / "monitor.yaml").read_text()
    made.write("monitor.yaml", f'{config}database: {{url: "${{NO_URL}}"}}\n')
    shown = invoke(made, "status")
    assert shown.exit_code == 1
    assert "NO_URL is not set" in shown.stdout
    assert "the database is not known" in shown.stderr


@pytest.mark.parametrize("words", [("check",), ("rules", "check")])
def test_all_errors_of_all_files_come_at_once(made: Workspace, words: tuple[str, ...]) -> None:
    made.write("rules/odd.yaml", "match: (Acme\n")
    made.write("rules/lost.yaml", "match: Acme\ntell: {mailbocks: digest}\n")
    break_in(made, "kind: file", "kind: fil")
    made.write("sources.yaml", "sources: {a: {tier: 0}}\n")
    done = invoke(made, *words)
    assert done.exit_code == 2
    for said in (
        "monitor.yaml:2:19: 'fil' is no kind",
        "sources.yaml:1:21: 'tier' is not such a number",
        "rules/odd.yaml:1:",
        "unknown channel 'mailbocks'; did you mean 'mailbox'?",
    ):
        assert said in done.stdout
    assert done.stdout.count("unknown channel") == 1


READING = [
    ("status",),
    ("stories", "list"),
    ("deliveries", "list"),
    ("rules", "check"),
    ("rules", "list"),
    ("sources", "list"),
    ("channels", "list"),
    ("digest", "preview"),
    ("explain", "acme", "seeds/acme.txt"),
]


@pytest.fixture
def secretive(made: Workspace) -> Workspace:
    """Give a workspace that has run, whose webhook takes its secret from another shell."""
    made.write("seeds/acme.txt", "date 2026-11-20 Acme will open an office in Karachi.")
    assert invoke(made, "run", "--once").exit_code == 0
    hook = '{kind: webhook, url: "${A_URL}", secret: "${A_SECRET}"}'
    config = (made.folder / "monitor.yaml").read_text()
    made.write("monitor.yaml", config.replace("channels:\n", f"channels:\n  newsroom: {hook}\n"))
    return made


@pytest.mark.parametrize("words", READING)
def test_who_only_reads_needs_no_secrets(secretive: Workspace, words: tuple[str, ...]) -> None:
    done = invoke(secretive, *words)
    assert done.exit_code == 0, done.output
    assert "warning: the environment variable A_SECRET is not set" in done.output


@pytest.mark.parametrize(
    "words", [("check",), ("run", "--once"), ("channels", "test", "newsroom")]
)
def test_who_sends_needs_them(secretive: Workspace, words: tuple[str, ...]) -> None:
    done = invoke(secretive, *words)
    assert done.exit_code == 2
    assert "monitor.yaml:2:34: the environment variable A_URL is not set" in done.output


def test_channels_and_sources_are_shown_in_the_workspaces_zone(made: Workspace) -> None:
    made.configure(
        feeds={"dawn": "http://127.0.0.1:1/dawn"},
        webhook="http://127.0.0.1:1/hook",
        extra="zone: Asia/Karachi",
    )
    made.write("seeds/acme.txt", "date 2026-11-20 Acme will open an office in Karachi.")
    invoke(made, "run", "--once")
    text = invoke(made, "status").stdout
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d Asia/Karachi"
    assert re.search(rf"channel +mailbox \(file\); next digest {moment}; last sent {moment}", text)
    assert re.search(r"channel +newsroom \(webhook\); nothing sent yet\n", text)
    assert re.search(r"sources +1, 1 in trouble\n", text)
    assert re.search(r"feeds +1, 1 failing\n", text)
    facts = asked(made, "status")
    assert [(c["name"], c["kind"]) for c in facts["channels"]] == [
        ("mailbox", "file"),
        ("newsroom", "webhook"),
    ]
    assert facts["sources"] == {"all": 1, "in_trouble": 1}


def test_a_stopped_channel_says_how_to_go_on(made: Workspace) -> None:
    invoke(made, "run", "--once")
    with writing(made) as tx:
        channels.disable(tx, ChannelName("mailbox"), "It answered 410.", now=system_clock())
    said = "stopped: It answered 410. To go on: monitor channels enable mailbox"
    assert said in invoke(made, "status").stdout


def test_a_rule_file_with_an_error_leaves_a_running_monitor_its_rules(made: Workspace) -> None:
    invoke(made, "run", "--once")
    now = system_clock()
    with writing(made) as tx:
        beats.leave(tx, "desk-1-0a1b2c3d", Signs(rules=2), now=now, running_for=timedelta(0))
    made.write("rules/acme.yaml", "match: (Acme\n")
    shown = invoke(made, "status")
    assert shown.exit_code == 1
    assert "2 in force (the set before); 1 file has errors\n" in shown.stdout


def worker(pid: int, **said: Any) -> tuple[str, Signs]:
    return f"desk-{pid}-0a1b2c3d", Signs(version="1.0", host="desk", pid=pid, rules=2, **said)


def test_workers_are_shown_and_whoever_differs_or_fell_silent_is_named(made: Workspace) -> None:
    invoke(made, "run", "--once")
    now = system_clock()
    failing = Failure(lane="sends", reason="the disk is full", since=now)
    with writing(made) as tx:
        for minutes, (holder, signs) in (
            (3, worker(1, ruleset="aaaaaaaaaa")),
            (2, worker(2, ruleset="aaaaaaaaaa", failures=(failing,))),
            (1, worker(3, ruleset="bbbbbbbbbb")),
        ):
            beats.leave(tx, holder, signs, now=now, running_for=timedelta(minutes=minutes))
        a_minute = timedelta(minutes=1)
        roles.take(tx, roles.ASSIGNER, "desk-2-0a1b2c3d", None, now=now, lease=a_minute)
        gone, then = worker(4, ruleset="aaaaaaaaaa"), now - timedelta(minutes=14)
        beats.leave(tx, *gone, now=then, running_for=timedelta(minutes=9))
    shown = invoke(made, "status").stdout
    assert "Media Monitor is running\n" in shown
    since = r"since \d{4}-\d\d-\d\d \d\d:\d\d UTC"
    for line in (
        rf"worker +desk-4: 1.0 {since}; SILENT, last beat 14 min ago; 2 rules \(aaaaaaaa\)",
        rf"worker +desk-1: 1.0 {since}; last beat \d+ s ago; 2 rules \(aaaaaaaa\)",
        rf"worker +desk-2: 1.0 {since}; last beat \d+ s ago; 2 rules \(aaaaaaaa\); assigner",
        r"worker +desk-3: .*; 2 rules \(bbbbbbbb\); other rules than the rest",
        "worker desk-4\n +no sign of life",
        r"worker desk-3\n +has other rules in force \(bbbbbbbb\) than the others \(aaaaaaaa\)",
        "cure: give it the others' files in rules/",
        "lane sends on desk-2\n +the disk is full\n",
    ):
        assert re.search(line, shown), (line, shown)
    facts = asked(made, "status")
    assert [(one["name"], one["is_live"], one["roles"]) for one in facts["workers"]] == [
        ("desk-4", False, []),
        ("desk-1", True, []),
        ("desk-2", True, ["assigner"]),
        ("desk-3", True, []),
    ]
    (oddity,) = facts["workers"][3]["oddities"]
    assert oddity["aspect"] == "rules"


@contextmanager
def writing(made: Workspace) -> Iterator[Tx]:
    store = Store(f"sqlite:///{made.folder / 'data' / 'monitor.db'}")
    with store.write() as tx:
        yield tx
    store.close()


def test_without_a_database_json_hides_no_broken_file(made: Workspace) -> None:
    break_in(made, "kind: file", "kind: fil")
    done = invoke(made, "status", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first.startswith("monitor.yaml:2:19: 'fil' is no kind")
    assert second == "there is no database yet; start with: monitor run"
