"""Turn the values of a notice into the parts of a webhook body, each bounded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from monitor.model.article import Precision
from monitor.model.notice import ArticleView, RuleView, SourceView, StoryEntry, Why
from monitor.render import webhook_models as models
from monitor.render.webhook_size import Cut
from monitor.render.words import direction

MAX_NAME_CHARS = 120
MAX_TITLE_CHARS = 300
MAX_TEXT_CHARS = 400
MAX_URL_CHARS = 2_000
"""A longer URL is left out: it would break the size that receivers are promised."""
MAX_LABELS = 12
MAX_PREVIOUS = 20
"""Of the stories that were merged into one, the last are named."""
MAX_NOTES = 20


def moment(at: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rule_body(rule: RuleView, home: str) -> models.RuleBody:
    """Show a rule, with a link if this installation has an address."""
    labels = rule.labels[:MAX_LABELS]
    return models.RuleBody(
        id=rule.id,
        name=rule.name[:MAX_NAME_CHARS],
        revision=rule.revision,
        labels={key[:MAX_NAME_CHARS]: text[:MAX_NAME_CHARS] for key, text in labels},
        url=_link(home, "rules", rule.id),
    )


def story_body(entry: StoryEntry, home: str, cut: Cut) -> models.StoryBody:
    """Show a story, with a link if this installation has an address."""
    story = entry.story
    return models.StoryBody(
        id=story.id,
        revision=story.revision,
        change=entry.change.value,
        title=story.title[:MAX_TITLE_CHARS],
        lang=story.lang,
        dir=direction(story.title),
        summary=story.summary[:MAX_TEXT_CHARS] if cut.has_summary else None,
        first_seen_at=moment(story.first_seen_at),
        last_seen_at=moment(story.last_seen_at),
        source_count=story.source_count,
        article_count=story.article_count,
        report_count=story.report_count,
        copy_count=story.copy_count,
        url=_link(home, "stories", story.id),
        previous_story_ids=list(story.previous[-MAX_PREVIOUS:]),
        continues=story.continues,
    )


def article_body(article: ArticleView, cut: Cut) -> models.ArticleBody:
    """Show an article; a date alone stays a date."""
    return models.ArticleBody(
        id=article.id,
        url=_url(article.url),
        canonical_url=_url(article.canonical_url),
        title=article.title[:MAX_TITLE_CHARS],
        lang=article.lang,
        dir=direction(article.title),
        published_at=_published(article),
        published_precision=article.published_precision.value,
        fetched_at=moment(article.fetched_at),
        source=_source(article.source),
        snippet=article.snippet.text[:MAX_TEXT_CHARS] if cut.has_snippets else None,
        is_match=article.is_match,
        is_new=article.is_new,
        is_stub=article.is_stub,
        relation=article.relation.value,
        wire=article.wire,
    )


def why_bodies(whys: Sequence[Why], cut: Cut) -> list[models.WhyBody]:
    """Show why, in the rule's own words."""
    return [_why(why, cut) for why in whys[: cut.why]]


def note_texts(notes: Sequence[str]) -> list[str]:
    """Bound sentences and their number."""
    return [note[:MAX_TEXT_CHARS] for note in notes[:MAX_NOTES]]


def _why(why: Why, cut: Cut) -> models.WhyBody:
    return models.WhyBody(
        rule=why.rule_id,
        line=why.line[:MAX_NAME_CHARS],
        clause=why.clause[:MAX_TEXT_CHARS],
        term=why.found[:MAX_TEXT_CHARS],
        article=why.article,
        field=why.field,
        lang=why.lang,
        start=why.start,
        end=why.end,
        text=why.text[:MAX_TEXT_CHARS] if cut.has_places else None,
    )


def _source(source: SourceView) -> models.SourceBody:
    return models.SourceBody(
        id=source.id,
        name=source.name[:MAX_NAME_CHARS],
        country=source.country,
        lang=source.lang,
        tier=source.tier,
    )


def _published(article: ArticleView) -> str:
    if article.published_precision is Precision.DAY:
        return article.published_at.astimezone(UTC).date().isoformat()
    return moment(article.published_at)


def _url(url: str) -> str | None:
    return url if 0 < len(url) <= MAX_URL_CHARS else None


def _link(home: str, kind: str, key: str) -> str | None:
    return f"{home}/{kind}/{quote(key, safe='')}" if home else None
