"""`monitor rules suggest`: an archive has the same suggestions on either engine."""

from __future__ import annotations

from pathlib import Path

from services.articles import article
from services.assigner import Desk
from services.in_process import asked, invoke
from services.product import Workspace
from sqlalchemy import text

from monitor.store import fulltext
from monitor.store.engine import Store

NAMES = ("Haque", "Haque", "Haque", "Haque", "Haq", "Haq", "Huq")
"""One of them once alone: a slip of the pen is no spelling."""


def archive_on(store: Store) -> Desk:
    """Store and place offices that stand beside a ministry, and rain that does not."""
    desk = Desk(store)
    offices = [
        article(f"o{at}", title=f"{name} office {at}", body=f"The ministry of Mr {name} said.")
        for at, name in enumerate(NAMES)
    ]
    rain = [article(f"r{at}", title=f"Rain {at}", body="Roofs of Quetta.") for at in range(20)]
    desk.receive([*offices, *rain])
    return desk


def test_a_rule_has_spellings_and_neighbours_with_their_counts(
    store: Store, tmp_path: Path
) -> None:
    archive_on(store)
    url = store.url.render_as_string(hide_password=False)
    made = Workspace(tmp_path / "desk", {"MONITOR_DATABASE_URL": url})
    made.configure()
    made.write("rules/offices.yaml", "match: office AND haque\ntell: {mailbox: digest}\n")
    found = asked(made, "rules", "suggest", "offices")
    assert [(one["word"], one["beside"], one["articles"]) for one in found["spellings"]] == [
        ("haq", "haque", 2)
    ]
    assert [(one["word"], one["together"], one["articles"]) for one in found["neighbours"]] == [
        ("ministry", 4, 7)
    ]
    shown = invoke(made, "rules", "suggest", "offices").stdout
    assert "haque: haq 2\n    (haque OR haq)\n" in shown
    assert "    ministry  (4 of 7 articles with it)\n" in shown


def test_a_vocabulary_counts_the_articles_that_are_in_the_index(store: Store) -> None:
    archive_on(store)
    with store.read() as tx:
        every = fulltext.vocabulary(tx, at_least=1)
        often = fulltext.vocabulary(tx, at_least=7)
    assert {word: every[word] for word in ("haque", "haq", "huq", "ministry", "rain")} == {
        "haque": 4,
        "haq": 2,
        "huq": 1,
        "ministry": 7,
        "rain": 20,
    }
    assert {"ministry", "office", "rain"} <= set(often)
    assert "haque" not in often
    with store.write() as tx:
        tx.execute(text("DELETE FROM seat"))
        tx.execute(text("DELETE FROM article WHERE title LIKE 'Rain%'"))
        assert "rain" not in fulltext.vocabulary(tx, at_least=1)
