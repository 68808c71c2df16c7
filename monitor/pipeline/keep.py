"""T1: keep articles with what the rules found in them, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.match.engine import Engine
from monitor.match.matched import told
from monitor.model.article import Article, TextState
from monitor.model.keys import ArticleKey
from monitor.model.rule import Match
from monitor.pipeline.ports import Ports
from monitor.store import articles, pages, retention, rule_matches
from monitor.store.articles import Known
from monitor.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Say what was new: articles, newer versions of known ones, and matches in all of them."""

    new: int = 0
    revised: int = 0
    matches: int = 0


@dataclass(frozen=True, slots=True)
class _Sorted:
    new: tuple[Article, ...]
    revised: tuple[tuple[Known, Article], ...]


def keep_articles(
    ports: Ports,
    found: Sequence[Article],
    *,
    is_baseline: bool,
    now: datetime,
    settle: Callable[[Tx, int], None],
) -> Kept:
    """Store what is new or changed, with matches and pages to fetch, and settle the claim.

    `settle(tx, new)` writes the claim's result in the same transaction; it may raise LeaseLost,
    and then nothing is kept. Matching happens before the transaction opens. What was removed for
    its age stays away.
    """
    with ports.store.read() as tx:
        known = {} if is_baseline else articles.find_known(tx, found)
        gone = retention.find_forgotten(tx, [a for a in found if a.key not in known])
        left = [article for article in found if article.key not in gone]
        work = _sorted(left, known, _pages_since(ports, now, is_baseline=is_baseline))
        work = replace(work, revised=_with_page_text(tx, work.revised))
    engine = ports.current.engine  # whom the assigner believes only if its rules are the same
    judged = (*work.new, *(article for _, article in work.revised))
    matches = {article.key: told(engine.match(article)) for article in judged}
    with ports.store.write() as tx:
        ids = articles.add(tx, work.new, is_baseline=is_baseline, judged_by=engine.revision)
        for key, article_id in ids.items():
            rule_matches.add(tx, article_id, matches[key], is_quiet=is_baseline, now=now)
        for old, article in work.revised:
            found_in = _revise(tx, engine, old, article, matches[article.key])
            rule_matches.replace_all(tx, old.id, found_in, is_quiet=is_baseline, now=now)
        pages.add(
            tx, {ids[a.key]: a.url for a in work.new if _wants_page(a) and a.key in ids}, now=now
        )
        retention.note_listed(tx, [key for keys in gone.values() for key in keys], now=now)
        settle(tx, len(ids))
        ports.failpoints.hit("t1.precommit")
    ports.failpoints.hit("t1.committed")
    return _counted(ports, len(ids), len(work.revised), matches)


def _sorted(
    found: Sequence[Article], known: dict[ArticleKey, Known], pages_since: datetime | None
) -> _Sorted:
    new = {a.key: _without_page(a, pages_since) for a in found if a.key not in known}
    revised = {
        known[a.key].id: (known[a.key], a)
        for a in found
        if a.key in known and known[a.key].feed_hash != a.text_hash
    }
    # in order of number, as the assigner locks them
    in_order = sorted(revised.values(), key=lambda pair: pair[0].id)
    return _Sorted(tuple(new.values()), tuple(in_order))


def _with_page_text(
    tx: Tx, revised: Sequence[tuple[Known, Article]]
) -> tuple[tuple[Known, Article], ...]:
    """Give what was read from its page that text again: the feed's new teaser is a part of it."""
    paged = [known.id for known, _ in revised if known.text_state is TextState.PAGE]
    if not paged:
        return tuple(revised)
    texts = dict(articles.read_many(tx, paged))
    return tuple(
        (known, _with_page(texts[known.id], article) if known.id in texts else article)
        for known, article in revised
    )


def _with_page(stored: Article, article: Article) -> Article:
    """Give what is stored of a newer version: a page's text stays, and what goes with it."""
    if stored.text_state is not TextState.PAGE:
        return article
    return replace(
        article,
        body=stored.body,
        lang=stored.lang,
        published_at=stored.published_at,
        published_precision=stored.published_precision,
    )


def _pages_since(ports: Ports, now: datetime, *, is_baseline: bool) -> datetime | None:
    """Give from when on pages are fetched: a baseline's old articles are not worth it."""
    return now - ports.terms.backfill if is_baseline else None


def _without_page(article: Article, pages_since: datetime | None) -> Article:
    if pages_since is None or article.published_at >= pages_since or not _wants_page(article):
        return article
    return replace(article, text_state=TextState.STUB)


def _wants_page(article: Article) -> bool:
    return article.text_state is TextState.PENDING


def _revise(
    tx: Tx, engine: Engine, known: Known, article: Article, matches: tuple[Match, ...]
) -> tuple[Match, ...]:
    """Store a newer version; give what is found in it, if its page was read meanwhile anew."""
    stored = articles.lock(tx, known.id)
    if stored.text_state is not known.text_state:
        article = _with_page(stored, article)
        matches = told(engine.match(article))
    keeps_body = stored.text_state is TextState.PAGE
    articles.revise(tx, known.id, article, keeps_body=keeps_body, judged_by=engine.revision)
    return matches


def _counted(
    ports: Ports, new: int, revised: int, matches: dict[ArticleKey, tuple[Match, ...]]
) -> Kept:
    kept = Kept(new=new, revised=revised, matches=sum(map(len, matches.values())))
    ports.tally.add("articles_new", kept.new)
    ports.tally.add("articles_revised", kept.revised)
    ports.tally.add("matches", kept.matches)
    return kept
