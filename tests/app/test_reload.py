"""What changes in the workspace's files comes into force, even if not at the first try."""

from __future__ import annotations

import gc

import pytest
from services.product import RULE
from services.product import Workspace as Files
from services.refusal import refusing

from monitor.app import Workspace
from monitor.errors import StoreError
from monitor.match.tree import LoadedRule
from monitor.pipeline.tally import RELOAD_SUCCESSFUL, RELOADED_AT
from monitor.settings import load_settings
from monitor.store import articles, feeds, problems


def test_a_rule_written_while_the_database_refuses_is_taken_up_later(
    files: Files, watched: Workspace
) -> None:
    files.write("rules/second.yaml", RULE % "mailbox: digest")
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    watched.look()
    assert sorted(watched.ports.current.rules) == ["acme", "second"]


def test_only_the_file_that_changed_is_read_again(files: Files, watched: Workspace) -> None:
    def loaded() -> dict[str, LoadedRule]:
        return {str(one.rule.id): one for one in watched.ports.current.engine.rules}

    before = loaded()
    files.write("rules/second.yaml", RULE % "mailbox: digest")
    watched.look()
    assert loaded().keys() - before.keys() == {"second"}
    assert loaded()["acme"] is before["acme"]


def test_only_many_new_rules_are_frozen(files: Files, watched: Workspace) -> None:
    """What is frozen is collected by nobody: it is worth that for thousands of rules alone."""

    def frozen_by(name: str, count: int) -> int:
        before = gc.get_freeze_count()
        rules = [f"id: {name}-{n}\nmatch: {name}{n}\n" for n in range(count)]
        files.write(f"rules/{name}.yaml", "---\n".join(rules))
        watched.look()
        return gc.get_freeze_count() - before

    assert frozen_by("few", 20) <= 0
    assert frozen_by("many", 1_000) > 1_000
    assert frozen_by("few", 21) <= 0


def test_a_seed_written_while_the_database_refuses_is_read_later(
    files: Files, watched: Workspace
) -> None:
    files.write("seeds/late.txt", "date 2026-11-20 Acme To Open Office\n\nAcme will open one.")
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    watched.look()
    with watched.ports.store.read() as tx:
        assert articles.counts(tx)["articles"] == 1


def test_a_source_written_while_the_database_refuses_is_polled_later(
    files: Files, watched: Workspace
) -> None:
    files.configure(feeds={"dawn": "http://dawn.test/feed"})
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    watched.look()
    with watched.ports.store.read() as tx:
        assert [state.url for state in feeds.list_states(tx)] == ["http://dawn.test/feed"]


def test_a_forced_look_that_failed_is_made_again(files: Files, watched: Workspace) -> None:
    watched.force()
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()
    with refusing(watched.ports.store), pytest.raises(StoreError):
        watched.look()


def told(watched: Workspace, kind: str = "settings") -> list[tuple[str, str, str]]:
    with watched.ports.store.read() as tx:
        found = problems.listed(tx)
    return [(one.subject, one.reason, one.cure) for one in found if one.kind == kind]


def test_a_changed_monitor_yaml_is_said_until_it_is_changed_back(
    files: Files, watched: Workspace
) -> None:
    before = (files.folder / "monitor.yaml").read_text()
    files.configure(webhook="http://127.0.0.1:1/hook")
    watched.look()
    reason = "changed since the start: channels"
    assert told(watched) == [("monitor.yaml", reason, "restart to use it")]
    assert [channel.name for channel in watched.settings.channels] == ["mailbox"]
    files.write("monitor.yaml", before)
    watched.look()
    assert told(watched) == []


def test_a_restart_takes_a_changed_monitor_yaml_back_from_status(
    files: Files, watched: Workspace
) -> None:
    files.configure(webhook="http://127.0.0.1:1/hook")
    watched.look()
    Workspace(load_settings(files.folder, {}), {}, watched.ports).start()
    assert told(watched) == []


def test_a_broken_monitor_yaml_is_said_and_what_was_read_holds(
    files: Files, watched: Workspace
) -> None:
    before = (files.folder / "monitor.yaml").read_text()
    files.write("monitor.yaml", before + "chanels: {}\n")
    watched.look()
    ((subject, reason, cure),) = told(watched)
    assert subject == "monitor.yaml"
    assert reason.startswith("monitor.yaml:")
    assert "chanels" in reason
    assert cure.startswith("correct it")
    assert list(watched.ports.current.rules) == ["acme"]
    files.write("monitor.yaml", before)
    watched.look()
    assert told(watched) == []


def test_a_rule_that_tells_a_channel_of_the_changed_file_is_told_to_restart(
    files: Files, watched: Workspace
) -> None:
    files.configure(webhook="http://127.0.0.1:1/hook", tell="newsroom: now")
    watched.look()
    ((subject, reason, _),) = told(watched, "rules")
    assert subject == "rules/acme.yaml"
    assert "unknown channel 'newsroom'; restart" in reason


def test_a_rule_with_another_fault_keeps_its_own_cure(files: Files, watched: Workspace) -> None:
    files.configure(webhook="http://127.0.0.1:1/hook", tell="mailbx: digest")
    watched.look()
    ((_, reason, _),) = told(watched, "rules")
    assert "did you mean 'mailbox'?" in reason


def test_the_last_reload_is_marked_with_whether_it_went_well(
    files: Files, watched: Workspace
) -> None:
    marks = watched.ports.tally.marks
    assert marks[RELOAD_SUCCESSFUL] == 1
    loaded_at = marks[RELOADED_AT]
    for path, wrong in (("rules/acme.yaml", "match: (Acme\n"), ("sources.yaml", "sources: 1\n")):
        text = (files.folder / path).read_text()
        files.write(path, wrong)
        watched.look()
        assert (marks[RELOAD_SUCCESSFUL], marks[RELOADED_AT]) == (0, loaded_at)
        files.write(path, text)
        watched.look()
        assert marks[RELOAD_SUCCESSFUL] == 1
        assert marks[RELOADED_AT] > loaded_at
        loaded_at = marks[RELOADED_AT]
