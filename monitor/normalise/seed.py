"""Read seed articles: files that a user puts into `seeds/` (DESIGN.md, section 6).

A seed's key is its file name, so changed bytes are a revision of the same article. A heading that
becomes the title is taken out of the body: its phrases would count twice otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from monitor.model.article import Article, Origin, Precision, TextState
from monitor.model.keys import SourceKey, article_key
from monitor.model.network import Limits
from monitor.model.problem import Problem, Severity
from monitor.model.source import Source
from monitor.normalise.entry import text_hash
from monitor.normalise.headline import split_heading
from monitor.normalise.seed_draft import Draft, UnreadableError
from monitor.normalise.seed_formats import READERS
from monitor.normalise.source_book import SourceBook, registered_domain
from monitor.normalise.urls import absolute_link, canonical_url, host_of
from monitor.normalise.wording import (
    MAX_TITLE_CHARS,
    clean_tags,
    first_sentence,
    person,
    plain,
    plain_line,
    primary_language,
)
from monitor.text.clean import clean_line, clean_text
from monitor.text.language import language_of

SEEDS = Source(key=SourceKey("seeds"), name="Seed articles", is_listed=False)
"""Stand for the publisher of seeds that name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedReading:
    """Be what a seed file held, and what was wrong with it."""

    articles: tuple[Article, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_seed(
    name: str,
    data: bytes,
    *,
    now: datetime,
    sources: SourceBook | None = None,
    limits: Limits | None = None,
) -> SeedReading:
    """Read a seed file by its name's ending; never raises: what is wrong becomes a problem."""
    limits = limits or Limits()
    shown = clean_line(PurePosixPath(name).name, limits.max_name_chars)
    reader = READERS.get(PurePosixPath(name).suffix.lower())
    if reader is None:
        return _unread(shown, "no seed format has this ending", f"use one of {', '.join(READERS)}")
    try:
        drafts, complaints = reader(data[: limits.feed_max_bytes])
        articles = [_article(shown, draft, now, sources, limits) for draft in drafts]
    except UnreadableError as error:
        return _unread(shown, error.reason, error.cure, error.line)
    except Exception as error:  # noqa: BLE001 - a user's file: nothing in it may stop the rest
        reason = f"it could not be read ({type(error).__name__}: {str(error)[:200]})"
        return _unread(shown, clean_line(reason, 300), "save it again in another format")
    return _reading(shown, articles, complaints)


def _reading(
    name: str, articles: Sequence[Article], complaints: Sequence[UnreadableError]
) -> SeedReading:
    problems = [_problem(name, one.reason, one.cure, one.line) for one in complaints]
    empty = [one for one in articles if not one.body and not one.has_real_title]
    if empty or not (articles or complaints):
        problems.append(_problem(name, "it holds no text", "write the article into it"))
    undated = [one for one in articles if one.published_precision is Precision.UNKNOWN]
    if undated and len(empty) < len(articles):
        problems.append(_undated(name))
    kept = tuple(one for one in articles if one not in empty)
    return SeedReading(articles=kept, problems=tuple(problems))


def _undated(name: str) -> Problem:
    return Problem(
        file=name,
        what="it states no date that can be read: taken as of now",
        cure="begin it with `date YYYY-MM-DD `, or give it a date field",
        code="seed-date",
        severity=Severity.WARNING,
    )


def _unread(name: str, what: str, cure: str, line: int = 0) -> SeedReading:
    return SeedReading(problems=(_problem(name, what, cure, line),))


def _problem(name: str, what: str, cure: str, line: int = 0) -> Problem:
    column = 1 if line else 0
    return Problem(
        file=name, line=line, column=column, what=what, cure=cure, code="seed-unreadable"
    )


def _article(
    name: str, draft: Draft, now: datetime, sources: SourceBook | None, limits: Limits
) -> Article:
    url = absolute_link(draft.url, "")
    source = _source(draft, url, sources)
    title, body = _title_and_body(draft, limits)
    when, precision = _published(draft, now)
    return Article(
        key=article_key("seed", name + draft.part),
        feed=f"seed:{name}",
        source=source,
        url=url,
        canonical_url=canonical_url(url),
        title=title or first_sentence(body) or name,
        has_real_title=bool(title),
        body=body,
        author=person(draft.author, limits.max_name_chars),
        tags=clean_tags(draft.tags, limits.max_name_chars),
        lang=language_of(title, body, primary_language(draft.lang, source.lang)),
        published_at=when,
        published_precision=precision,
        first_seen_at=now,
        fetched_at=now,
        text_state=TextState.FULL if body else TextState.STUB,
        text_hash=text_hash(title or first_sentence(body) or name, body),
        origin=Origin.SEED,
    )


def _title_and_body(draft: Draft, limits: Limits) -> tuple[str, str]:
    read = plain if draft.is_markup else _as_it_stands
    body = read(draft.text, limits.max_text_chars)
    if draft.title:
        line = plain_line if draft.is_markup else clean_line
        return line(draft.title, MAX_TITLE_CHARS), body
    heading, rest = split_heading(body)
    return clean_line(heading, MAX_TITLE_CHARS), rest if heading else body


def _as_it_stands(text: str, max_chars: int) -> str:
    return clean_text(text[:max_chars])


def _published(draft: Draft, now: datetime) -> tuple[datetime, Precision]:
    if draft.published_at is None:
        return now, Precision.UNKNOWN
    return min(draft.published_at, now), draft.precision


def _source(draft: Draft, url: str, sources: SourceBook | None) -> Source:
    given = clean_line(draft.source, 200)
    host = host_of(url)
    if sources is not None and (given or host):
        found = sources.for_entry(SEEDS, url, None, given)
        if found is not SEEDS:
            return found
    if not (given or host):
        return SEEDS
    domain = registered_domain(host)
    return Source(
        key=SourceKey(domain or given.casefold()), name=given or domain,
        domains=(domain,) if domain else (), is_listed=False,
    )  # fmt: skip
