"""A PostgreSQL server that goes away, comes back, moves, or does not say that it has committed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from aiohttp import web
from services.corridor import opened
from services.fault_proxy import FaultProxy
from services.http_server import Answer
from services.http_site import HttpSite
from services.in_process import asked, invoke
from services.ports import free_port
from services.postgres import OwnServer, database_on
from services.press import Press
from services.product import Workspace
from services.running import GRACE_SECONDS, answers, started
from services.webhook_sink import WebhookSink
from sqlalchemy import select, text

from monitor.errors import StoreConflict
from monitor.pipeline import ports as pipeline_ports
from monitor.store.tables import RoleRow

SHORT = "limits: {lease_seconds: 4}"


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """Give a server that this module's tests may break; each leaves it running."""
    with OwnServer() as own:
        yield own


@pytest.fixture
def url(server: OwnServer) -> Iterator[str]:
    with database_on(server) as address:
        yield address


def press_on(url: str, folder: Path, site: HttpSite, sink: WebhookSink) -> Press:
    made = Workspace(folder, {"MONITOR_DATABASE_URL": url, "MONITOR_PORT": "0"})
    return Press(made, site, sink, extra=SHORT)


@pytest.fixture
def press(url: str, tmp_path: Path, site: HttpSite, sink: WebhookSink) -> Press:
    found = press_on(url, tmp_path, site, sink)
    found.baseline()
    return found


# Before it is there


@pytest.mark.slow
def test_a_start_waits_for_a_server_that_is_not_up_yet_and_says_so(
    server: OwnServer, url: str, tmp_path: Path
) -> None:
    made = Workspace(tmp_path, {"MONITOR_DATABASE_URL": url, "MONITOR_PORT": "0"})
    made.configure()
    server.stop("immediate")
    with started(made) as service:
        service.until("Connection refused.*waiting for the database")
        server.start()
        answers(f"{service.base}/readyz", 200)
        assert service.stop() < GRACE_SECONDS
        assert service.process.returncode == 0


@pytest.mark.slow
def test_a_stop_while_a_start_waits_for_its_server_is_a_clean_one(tmp_path: Path) -> None:
    url = f"postgresql://postgres@127.0.0.1:{free_port()}/none"
    made = Workspace(tmp_path, {"MONITOR_DATABASE_URL": url})
    made.configure()
    with started(made) as service:
        service.until("waiting for the database")
        assert service.stop() < GRACE_SECONDS
        assert service.process.returncode == 0
        assert '"stopped"' in service.text
    done = made.run("run", "--once")  # who asks for one pass is told at once
    assert (done.returncode, "cannot be reached" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("login", "database", "reason"),
    [
        ("bob:wrong", "postgres", "password authentication failed"),
        ("postgres", "nowhere", "does not exist"),
        ("eve", "postgres", "no pg_hba.conf entry"),
        ("postgres", "postgres?colour=red", "colour"),
    ],
)
def test_what_waiting_does_not_mend_ends_the_start_with_the_cure(
    server: OwnServer, tmp_path: Path, login: str, database: str, reason: str
) -> None:
    access = server.dir / "data/pg_hba.conf"
    before = access.read_text()
    server.psql("drop role if exists bob")
    server.psql("create role bob login password 'right'")
    local = "127.0.0.1/32"
    access.write_text(f"host all postgres {local} trust\nhost all bob {local} scram-sha-256\n")
    server.reload()
    try:
        url = f"postgresql://{login}@127.0.0.1:{server.port}/{database}"
        made = Workspace(tmp_path, {"MONITOR_DATABASE_URL": url})
        made.configure()
        done = invoke(made, "run")
    finally:
        access.write_text(before)
        server.reload()
    assert done.exit_code == 2, done.stderr
    assert reason in done.stderr
    assert "MONITOR_DATABASE_URL" in done.stderr
    assert "wrong" not in done.stderr


# While it works


def restart(server: OwnServer) -> None:
    server.stop("immediate")
    server.start()


def kill(server: OwnServer) -> None:
    server.kill()
    server.start()


def terminate(server: OwnServer) -> None:
    others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
    server.psql(f"{others} and backend_type = 'client backend'")


@pytest.mark.slow
@pytest.mark.parametrize("fault", [restart, kill, terminate])
def test_a_server_that_goes_amid_a_send_costs_nothing_and_no_second_send(
    press: Press, server: OwnServer, fault: object
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def slow(_: web.Request) -> web.Response:
        arrived.set()
        await asyncio.to_thread(go_on.wait, 30)
        return web.Response()

    press.sink.script(Answer(behaviour=slow))
    with started(press.made) as service:
        press.publish("a")
        assert arrived.wait(30), service.text
        fault(server)  # type: ignore[operator]
        go_on.set()
        press.publish("b")
        press.sink.hits.wait_for(2, 30)
        answers(f"{service.base}/readyz", 200)
        until_settled(press, 2)
        assert service.process.poll() is None  # the same process all along
        assert service.stop() < GRACE_SECONDS
        assert service.process.returncode == 0
        assert "Traceback" not in service.text
    assert press.told() == press.once
    assert press.repeated == 0


@pytest.mark.slow
def test_a_try_is_noted_when_the_server_is_back(press: Press, server: OwnServer) -> None:
    """The message was taken while there was no server to note it: it must not go out again."""
    gone = threading.Event()

    async def take(_: web.Request) -> web.Response:
        await asyncio.to_thread(server.stop, "immediate")
        gone.set()
        return web.Response()

    press.sink.script(Answer(behaviour=take))
    with started(press.made) as service:
        press.publish("a")
        assert gone.wait(30), service.text
        service.until("try not noted yet")
        server.start()
        until_settled(press, 1)
        service.stop()
    assert press.told() == press.once
    assert press.repeated == 0


def until_settled(press: Press, count: int) -> None:
    """Wait until so many are marked as sent, which comes after they arrived."""
    for _ in range(100):
        if asked(press.made, "status")["deliveries"]["sent"] == count:
            return
    raise AssertionError(asked(press.made, "deliveries", "list"))


@pytest.mark.slow
@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "read-only"])
def test_a_standby_that_is_promoted_takes_over(
    tmp_path: Path, site: HttpSite, sink: WebhookSink, is_killed: bool
) -> None:
    with OwnServer() as old, database_on(old) as url, old.standby() as new:
        old.psql("alter system set synchronous_standby_names = '*'")
        old.reload()
        database = url.rsplit("/", 1)[1]
        hosts = "&".join(f"host=127.0.0.1:{one.port}" for one in (old, new))
        both = f"postgresql://postgres@/{database}?{hosts}&target_session_attrs=read-write"
        press = press_on(both, tmp_path, site, sink)
        press.baseline()
        with started(press.made) as service:
            press.publish("a")
            sink.hits.wait_for(1, 30)
            until_settled(press, 1)
            if is_killed:
                old.stop("immediate")
                new.promote()
            else:  # the old one lives on and takes no writes: its connections must not be kept
                new.promote()
                old.psql("alter system set synchronous_standby_names = ''")
                old.psql("alter system set default_transaction_read_only = on")
                old.reload()
            new.psql("alter system set synchronous_standby_names = ''")
            new.reload()
            press.publish("b")
            sink.hits.wait_for(2, 60)
            until_settled(press, 2)
            assert service.process.poll() is None
            assert service.stop() < GRACE_SECONDS
            assert "Traceback" not in service.text
        assert press.told() == press.once
        assert new.psql("select count(*) from delivery where state = 'sent'", database) == [(2,)]
        if is_killed:
            old.start()
        for name in ("synchronous_standby_names", "default_transaction_read_only"):
            old.psql(f"alter system reset {name}")  # or the database could not be dropped
        old.reload()


# A commit whose answer is lost


@pytest.mark.slow
def test_each_commit_may_lose_its_answer_and_all_is_told_once(
    server: OwnServer, url: str, tmp_path: Path, site: HttpSite, sink: WebhookSink
) -> None:
    with FaultProxy(server.port) as proxy:
        direct = press_on(url, tmp_path, site, sink)
        direct.baseline()
        through = url.replace(f":{server.port}/", f":{proxy.port}/")
        cut = Workspace(tmp_path, {"MONITOR_DATABASE_URL": through})
        for number in range(1, 100):
            direct.publish(f"n{number}")
            proxy.lose_commit(number)
            done = cut.run("run", "--once")
            assert "Traceback" not in done.stderr
            direct.settle()
            if proxy.cuts < number:  # no commit is left that was not cut once
                break
        assert proxy.cuts >= 8
    assert direct.told() == direct.once
    stories = asked(direct.made, "stories", "list", "--all", "--limit", "999")
    assert len(stories) == len(direct.names)
    assert {story["story"]["article_count"] for story in stories} == {1}


# Transactions in each other's way


async def test_of_two_transactions_in_a_deadlock_both_are_done_in_the_end(
    url: str, tmp_path: Path
) -> None:
    made = Workspace(tmp_path)
    made.configure(extra=f'database: {{url: "{url}"}}')
    async with opened(made) as ports:
        with ports.store.write() as tx:
            for name in ("a", "b"):
                tx.execute(
                    text("INSERT INTO role (name, holder, fence, crashes) VALUES (:n, '', 0, 0)"),
                    {"n": name},
                )
        both, tries = threading.Barrier(2), []

        def lock(first: str, second: str) -> None:
            tries.append(first)
            with ports.store.write() as tx:
                for name in (first, second):
                    grown = RoleRow.holder + "x"
                    tx.execute(
                        RoleRow.__table__.update().where(RoleRow.name == name).values(holder=grown)
                    )
                    if name == first and len(tries) <= 2:
                        both.wait(10)

        async with asyncio.TaskGroup() as group:
            group.create_task(ports.in_thread(lock, "a", "b"))
            group.create_task(ports.in_thread(lock, "b", "a"))
        assert len(tries) > 2  # one gave way, and was done again
        with ports.store.read() as tx:
            assert set(tx.execute(select(RoleRow.holder)).scalars()) == {"xx"}


async def test_work_that_always_gives_way_fails_after_three_tries(
    url: str, tmp_path: Path
) -> None:
    made = Workspace(tmp_path)
    made.configure(extra=f'database: {{url: "{url}"}}')
    tries = []
    async with opened(made) as ports:

        def give_way() -> None:
            tries.append(1)
            with ports.store.write() as tx:
                tx.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

        with pytest.raises(StoreConflict):
            await ports.in_thread(give_way)
    assert len(tries) == pipeline_ports.TRIES


@pytest.mark.slow
def test_a_lock_that_comes_too_late_costs_a_poll_nothing(press: Press, url: str) -> None:
    """Another session holds the feed's row while its poll wants to settle."""
    name = url.rsplit("/", 1)[1]
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(f"alter database {name} set lock_timeout = '300ms'".encode())
        locking = psycopg.connect(url)

        async def hold(_: web.Request) -> web.Response:
            locking.execute("select 1 from feed for update")
            return web.Response(body=press.document().encode())

        with started(press.made) as service:
            answers(f"{service.base}/readyz", 200)
            press.publish("a")
            press.site.answer("/dawn", Answer(behaviour=hold))
            service.until("transaction gave way")
            locking.rollback()
            locking.close()
            press.sink.hits.wait_for(1, 30)
            until_settled(press, 1)
            assert other.execute("select crashes, claimed_until from feed").fetchall() == [
                (0, None)
            ]
            service.stop()
    assert press.told() == press.once


def test_a_worker_that_stands_still_amid_a_transaction_holds_nobody_up_for_ever(
    press: Press, url: str
) -> None:
    made = Workspace(press.made.folder)
    assert asyncio.run(_shown(made, url)) == "1min"


async def _shown(made: Workspace, url: str) -> object:
    made.configure(extra=f'database: {{url: "{url}"}}')
    async with opened(made) as ports:
        with ports.store.read() as tx:
            name = "idle_in_transaction_session_timeout"
            return tx.execute(text(f"SHOW {name}")).scalar_one()
