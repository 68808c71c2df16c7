"""Fetch the pages of articles whose feed carried only a teaser, and judge them again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from monitor.errors import ChildError, ExtractError, FetchError, HostBusy, LeaseLost, StoreError
from monitor.extract.page import extract_page
from monitor.fetch.page import fetch_page
from monitor.fetch.schedule import asked_wait
from monitor.match.engine import Engine
from monitor.match.matched import told
from monitor.model.article import Article, Page, TextState
from monitor.model.rule import Match
from monitor.normalise.page import with_page
from monitor.pipeline.hosts import pause_host
from monitor.pipeline.ports import Ports
from monitor.store import articles, pages, rule_matches
from monitor.store.claims import MAX_CRASHES
from monitor.store.pages import ClaimedPage

log = structlog.get_logger()

FETCH_AT_MOST = 10
"""Pages in flight at a time."""

_WAITS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
_SHARE_OF_LEASE = 0.8  # what is left is for reading it: ten seconds of CPU at most
_LASTING = {"refused_address", "too_large", "too_compressed", "protocol", "robots"}
_UNREACHED = {"dns", "connect", "robots_unreachable"}  # the fault may be our own network's
_UNREACHED_WAIT = timedelta(hours=1)  # an unreachable robots.txt is not asked before
_UNREACHED_FOR = timedelta(days=7)  # counted from the article's arrival


async def claim_pages(ports: Ports, limit: int) -> tuple[ClaimedPage, ...]:
    """Claim pages that are due."""

    def work() -> tuple[ClaimedPage, ...]:
        now = ports.now()
        with ports.store.read() as tx:
            if not pages.count_due(tx, now=now):
                return ()
        with ports.store.write() as tx:
            return pages.claim_due(
                tx, holder=ports.holder, now=now, lease=ports.terms.lease, limit=limit
            )

    return await ports.in_thread(work)


async def fetch(ports: Ports, page: ClaimedPage) -> None:
    """Fetch one claimed page and settle it, whatever happens."""
    now = ports.now()
    try:
        if page.crashes >= MAX_CRASHES:
            await _fail(ports, page, "fetching it crashed five times", None)
            return
        try:
            found = await _page(ports, page, now)
        except (FetchError, ChildError, ExtractError) as error:
            await _put_off(ports, page, error, now)
            return
        await ports.in_thread(_keep, ports, page, found, now)
        ports.wake("place")
    except HostBusy as busy:  # it goes to the end of the queue: other hosts' pages come first
        due_at = ports.now() + timedelta(seconds=busy.wait_seconds)
        await ports.in_thread(_release, ports, page, due_at)
    except LeaseLost:
        log.warning("page outlived its lease", url=page.url)
    except asyncio.CancelledError:
        await ports.in_thread(_release, ports, page, ports.now())
        raise
    except StoreError:  # a full disk must not count as this page's crash, nor be asked in a loop
        await ports.in_thread(_release, ports, page, ports.now() + ports.terms.lease)
        raise


def _release(ports: Ports, page: ClaimedPage, due_at: datetime) -> None:
    with suppress(LeaseLost, StoreError), ports.store.write() as tx:
        pages.release(tx, page, due_at=due_at)


async def _page(ports: Ports, page: ClaimedPage, now: datetime) -> Page:
    """Fetch and read a page while its host is ours: its turn, robots.txt and it may add up."""
    network, lease_seconds = ports.network, ports.terms.limits.lease_seconds
    try:
        async with asyncio.timeout(_SHARE_OF_LEASE * lease_seconds):
            answer = await fetch_page(
                network.session,
                page.url,
                ports.terms.limits,
                now=now,
                gate=network.gate,
                robots=network.robots,
                max_wait_seconds=lease_seconds / 3,
            )
    except TimeoutError as error:
        raise FetchError("the page did not come in time", kind="timeout") from error
    return await network.children.run(extract_page, answer.html, answer.final_url, answer.charset)


async def _put_off(ports: Ports, page: ClaimedPage, error: Exception, now: datetime) -> None:
    if _is_out_of_reach(page, error, now):
        log.info("page out of reach", url=page.url, reason=str(error))
        await ports.in_thread(_release, ports, page, now + _UNREACHED_WAIT)
    else:
        await _fail(ports, page, str(error), _retry_at(page, error, now))
        await pause_host(ports, page.url, error, now)


def _is_out_of_reach(page: ClaimedPage, error: Exception, now: datetime) -> bool:
    """Tell whether to go on trying uncounted: a day offline must not cost any article's text."""
    is_unreached = isinstance(error, FetchError) and error.kind in _UNREACHED
    return is_unreached and now < page.asked_at + _UNREACHED_FOR


def _retry_at(page: ClaimedPage, error: Exception, now: datetime) -> datetime | None:
    """Say when to try again: not after what will not change, nor more than three times."""
    if isinstance(error, ExtractError) or page.failures >= len(_WAITS):
        return None
    wait = _WAITS[page.failures]
    if isinstance(error, FetchError):
        is_final = error.status is not None and 400 <= error.status < 500 and error.status != 429
        if error.kind in _LASTING | _UNREACHED or is_final:
            return None
        wait = max(wait, asked_wait(error.retry_after_seconds or 0.0))
    return now + wait


def _keep(ports: Ports, page: ClaimedPage, found: Page, now: datetime) -> None:
    with ports.store.read() as tx:
        article = articles.read(tx, page.article_id)
    if article is None:
        return
    engine = ports.current.engine
    fuller, matches = _judged(ports, engine, article, found, now)
    with ports.store.write() as tx:
        stored = articles.lock(tx, page.article_id)
        if stored.text_state is not TextState.PENDING:  # its feed carries the whole text by now
            pages.settle_done(tx, page)
            return
        if stored != article:  # its feed has revised it
            fuller, matches = _judged(ports, engine, stored, found, now)
        articles.set_page_text(tx, page.article_id, fuller, judged_by=engine.revision)
        quiet = articles.is_baseline(tx, page.article_id)
        rule_matches.replace_all(tx, page.article_id, matches, is_quiet=quiet, now=now)
        pages.settle_done(tx, page)
        ports.failpoints.hit("t1.precommit")
    ports.failpoints.hit("t1.committed")
    ports.tally.add("pages_fetched")


def _judged(
    ports: Ports, engine: Engine, article: Article, found: Page, now: datetime
) -> tuple[Article, tuple[Match, ...]]:
    fuller = with_page(article, found, limits=ports.terms.limits, now=now)
    return fuller, told(engine.match(fuller))


async def _fail(ports: Ports, page: ClaimedPage, reason: str, retry_at: datetime | None) -> None:
    log.info("page gave nothing", url=page.url, reason=reason, retry_at=retry_at)
    ports.tally.add("pages_failed")
    await ports.in_thread(_settle_failed, ports, page, reason, retry_at)


def _settle_failed(
    ports: Ports, page: ClaimedPage, reason: str, retry_at: datetime | None
) -> None:
    with ports.store.write() as tx:
        pages.settle_failed(tx, page, reason=reason, retry_at=retry_at)
        if retry_at is None:
            articles.mark_stub(tx, page.article_id)
