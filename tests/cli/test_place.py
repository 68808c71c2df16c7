"""`monitor stories place`: an article that was given up is placed after all, on either engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from services.articles import article
from services.assigner import Deadly, Desk
from services.in_process import invoke
from services.product import Workspace

from monitor.clock import system_clock
from monitor.match.engine import Engine
from monitor.store import articles, check, problems, retention
from monitor.store.engine import Store

POISON, OTHER = article("b", title="Poison").key, article("a").key


@pytest.fixture
def made(tmp_path: Path, store: Store) -> Workspace:
    """Give a workspace on the store."""
    url = store.url.render_as_string(hide_password=False)
    workspace = Workspace(tmp_path / "desk", {"MONITOR_DATABASE_URL": url})
    workspace.configure()
    return workspace


@pytest.fixture
def desk(store: Store) -> Desk:
    """Give a desk whose assigner has given one of three articles up."""
    desk = Desk(store, system_clock())
    with store.write() as tx:
        found = [article("a"), article("b", title="Poison"), article("c")]
        articles.add(tx, found, is_baseline=False)
    desk.ports.current.engine = Deadly(POISON)
    desk.crash_until_nothing_is_due()
    assert len(desk.seats()) == 2
    return desk


def parked(store: Store) -> list[str]:
    with store.read() as tx:
        return [one.subject for one in problems.listed(tx) if one.kind == "article"]


@pytest.mark.parametrize("words", [("--parked",), (POISON[:10], POISON)])
def test_what_was_parked_is_placed_when_somebody_asks(
    desk: Desk, made: Workspace, store: Store, words: tuple[str, ...]
) -> None:
    assert "monitor stories place --parked" in invoke(made, "status").stdout
    dry = invoke(made, "stories", "place", *words, "--dry-run")
    assert (dry.stdout, dry.stderr) == (f"{POISON}  Poison\n", "1 would be placed again.\n")
    assert desk.assigner.place_due() == 0
    done = invoke(made, "stories", "place", *words)
    assert (done.exit_code, done.stdout) == (0, "1 article is due to be placed\n")
    assert parked(store) == []
    desk.ports.current.engine = Engine([])
    desk.take_over()
    assert desk.assigner.place_due() == 1
    assert len(desk.seats()) == 3
    assert invoke(made, "stories", "place", "--parked").stdout.startswith("0 articles are due")


def test_what_crashes_still_is_parked_again(desk: Desk, made: Workspace, store: Store) -> None:
    assert invoke(made, "stories", "place", "--parked").exit_code == 0
    desk.crash_until_nothing_is_due()
    assert parked(store) == [POISON]


def test_only_what_is_parked_is_taken(desk: Desk, made: Workspace, store: Store) -> None:
    refused: dict[tuple[str, ...], tuple[int, str]] = {
        (): (2, "say which"),
        (OTHER,): (1, f"no parked article is '{OTHER}'"),
        (POISON, "nothing"): (1, "no parked article is 'nothing'"),
    }
    for words, (code, said) in refused.items():
        done = invoke(made, "stories", "place", *words)
        assert (done.exit_code, said in done.stderr) == (code, True)
    assert parked(store) == [POISON]


def test_a_parked_article_is_no_fault_of_the_database(desk: Desk, store: Store) -> None:
    with store.read() as tx:
        assert check.check(tx, now=desk.now).faults == ()


def test_what_is_said_of_an_article_ends_when_a_newer_version_is_placed(
    desk: Desk, store: Store
) -> None:
    with store.write() as tx:
        number, _ = articles.find(tx, POISON) or (0, None)
        articles.revise(tx, number, article("b", title="Newer"), keeps_body=False)
    desk.ports.current.engine = Engine([])
    desk.take_over()
    assert desk.assigner.place_due() == 1
    assert parked(store) == []


def test_what_is_said_of_an_article_goes_with_it(desk: Desk, store: Store) -> None:
    with store.write() as tx:
        number, _ = articles.find(tx, POISON) or (0, None)
        retention.remove_articles(tx, [number], now=desk.now)
    assert parked(store) == []
