"""Promises of the file channel."""

from __future__ import annotations

import mailbox
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from services.owed import MAIL, owed_file

from monitor.deliver import Connections, deliver
from monitor.model.delivery import DeliveryKind, Result


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_message_lands_whole_in_a_maildir_that_mail_readers_open(
    connections: Connections, now: datetime, tmp_path: Path
) -> None:
    owed = owed_file(tmp_path / "mail", html="<p>سیلاب</p>")
    outcome = await deliver(owed, connections, now=now)
    assert outcome.result is Result.SENT
    assert files(tmp_path / "mail") == [f"new/{owed.key}.eml"]
    assert (tmp_path / "mail" / "new" / f"{owed.key}.eml").read_bytes() == MAIL
    assert (connections.data_dir / "latest.html").read_text("utf-8") == "<p>سیلاب</p>"
    assert files(connections.data_dir) == ["latest.html"]
    (message,) = mailbox.Maildir(tmp_path / "mail")
    assert message["Subject"] == "Floods: 1 new"


@pytest.mark.parametrize("kind", [DeliveryKind.ALERT, DeliveryKind.TEST])
async def test_the_page_beside_it_stays_that_of_the_latest_digest(
    kind: DeliveryKind, connections: Connections, now: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    await deliver(owed_file(folder, key="dl-1", html="a digest"), connections, now=now)
    other = owed_file(folder, key="dl-2", html="no digest", kind=kind)
    assert (await deliver(other, connections, now=now)).result is Result.SENT
    assert files(folder) == ["new/dl-1.eml", "new/dl-2.eml"]
    assert (connections.data_dir / "latest.html").read_text() == "a digest"


@pytest.mark.parametrize("moved_to", ["", "cur/{}", "cur/{}:2,S", "cur/{}:2,FRS"])
async def test_the_same_key_makes_no_second_file_even_if_it_was_read(
    moved_to: str, connections: Connections, now: datetime, tmp_path: Path
) -> None:
    owed = owed_file(tmp_path / "mail")
    await deliver(owed, connections, now=now)
    if moved_to:
        name = f"{owed.key}.eml"
        (tmp_path / "mail/new" / name).rename(tmp_path / "mail" / moved_to.format(name))
    before = files(tmp_path / "mail")
    outcome = await deliver(owed, connections, now=now)
    assert outcome.result is Result.SENT
    assert "already" in outcome.reason
    assert files(tmp_path / "mail") == before


async def test_another_key_makes_another_file_and_a_prefix_is_another_key(
    connections: Connections, now: datetime, tmp_path: Path
) -> None:
    for key in ("dl-12", "dl-1", "dl-123"):
        assert (
            await deliver(owed_file(tmp_path / "mail", key=key), connections, now=now)
        ).result is Result.SENT
    assert files(tmp_path / "mail") == ["new/dl-1.eml", "new/dl-12.eml", "new/dl-123.eml"]


async def test_what_a_dead_process_left_behind_is_replaced(
    connections: Connections, now: datetime, tmp_path: Path
) -> None:
    owed = owed_file(tmp_path / "mail")
    (tmp_path / "mail" / "tmp").mkdir(parents=True)
    (tmp_path / "mail" / "tmp" / f"{owed.key}.eml").write_bytes(b"half a mess")
    await deliver(owed, connections, now=now)
    assert files(tmp_path / "mail") == [f"new/{owed.key}.eml"]
    assert (tmp_path / "mail" / "new" / f"{owed.key}.eml").read_bytes() == MAIL


async def test_an_alert_without_html_leaves_the_latest_digest_alone(
    connections: Connections, now: datetime, tmp_path: Path
) -> None:
    digest, alert = (tmp_path / name for name in ("digests", "alerts"))
    await deliver(owed_file(digest, key="dl-1", html="<p>1</p>"), connections, now=now)
    await deliver(owed_file(alert, key="dl-2"), connections, now=now)
    assert (connections.data_dir / "latest.html").read_text() == "<p>1</p>"


async def test_a_path_that_cannot_be_written_is_retried_with_the_reason(
    connections: Connections, now: datetime, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    outcome = await deliver(owed_file(tmp_path / "taken" / "mail"), connections, now=now)
    assert outcome.result is Result.RETRY
    assert "Not a directory" in outcome.reason
    assert str(tmp_path / "taken" / "mail") in outcome.reason


FULL = """
import asyncio, pathlib, resource, sys
import aiohttp
from datetime import UTC, datetime
from monitor.deliver import Connections, deliver
from services.owed import owed_file

async def main(root):
    async with aiohttp.ClientSession() as session:
        connections = Connections(session=session, data_dir=root / "data")
        owed = owed_file(root / "mail", body=b"x" * 100_000, html="<p>" + "y" * 100_000)
        at = datetime(2026, 11, 23, tzinfo=UTC)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
        first = await deliver(owed, connections, now=at)
        left = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        second = await deliver(owed, connections, now=at)
        print(first.result, "|", first.reason, "|", left, "|", second.result)

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


@pytest.mark.parametrize(
    ("room", "left"), [(50_000, []), (100_001, ["mail/new/{}.eml"])], ids=["mail", "html"]
)
def test_a_write_that_does_not_fit_leaves_nothing_half_written_and_succeeds_later(
    room: int, left: list[str], tmp_path: Path
) -> None:
    owed = owed_file(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(room)],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    first, reason, found, second = ran.stdout.strip().split(" | ")
    assert (first, second) == ("retry", "sent")
    assert "too large" in reason
    assert found == str([name.format(owed.key) for name in left])
    done = ["data/latest.html", f"mail/new/{owed.key}.eml"]
    assert files(tmp_path) == done
