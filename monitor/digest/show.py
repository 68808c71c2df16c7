"""Show articles, sources, rules and findings as a message needs them: cut, marked, complete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.model.article import Article, TextState
from monitor.model.notice import ArticleView, RuleView, Snippet, SourceView, Why
from monitor.model.rule import Finding, Match, Rule, Span
from monitor.model.source import Source
from monitor.model.story import Relation
from monitor.text.marks import merge, snippet

SNIPPET_CHARS = 240
WHY_CHARS = 160


def rule_view(rule: Rule) -> RuleView:
    """Show a rule by its title, or by its id if it has none."""
    return RuleView(
        id=rule.id, name=rule.title or rule.id, revision=rule.revision, labels=rule.labels
    )


def source_view(source: Source) -> SourceView:
    """Show a source."""
    return SourceView(
        id=source.key,
        name=source.name or source.key,
        country=source.country,
        lang=source.lang,
        tier=source.tier,
    )


def show_article(
    article: Article,
    relation: Relation,
    matches: tuple[Match, ...],
    *,
    wire: str | None = None,
    is_new: bool,
) -> ArticleView:
    """Show an article with what these matches found in its title and text."""
    spans = [span for match in matches for finding in match.findings for span in finding.spans]
    text, marks = _extract(article, _ranges(spans, "body"))
    title_marks = _ranges(spans, "title")
    return ArticleView(
        id=article.key,
        url=article.url,
        canonical_url=article.canonical_url,
        title=article.title,
        title_marks=tuple(_within(merge(title_marks), len(article.title))),
        lang=article.lang,
        published_at=article.published_at,
        published_precision=article.published_precision,
        fetched_at=article.fetched_at,
        source=source_view(article.source),
        snippet=Snippet(text=text, marks=tuple(marks)),
        is_match=bool(matches),
        is_stub=article.text_state in (TextState.STUB, TextState.PENDING),
        is_new=is_new,
        relation=relation,
        wire=wire,
        matched_rules=tuple(match.rule_id for match in matches),
    )


def _extract(
    article: Article, marks: Sequence[tuple[int, int]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Extract from an article's text what the title does not say: pages begin with it again."""
    first, _, rest = article.body.partition("\n")
    repeats = first.split() == article.title.split()
    at = len(article.body) - len(rest.lstrip()) if repeats else 0
    shifted = [(start - at, end - at) for start, end in marks if start >= at]
    return snippet(article.body[at:], shifted, width=SNIPPET_CHARS)


def show_why(article: Article, match: Match, finding: Finding) -> Why:
    """Show one finding in the rule's own words, with the place where it was first found."""
    first = finding.spans[0] if finding.spans else Span(field="title", start=0, end=0)
    field = field_text(article, first.field)
    place = [(first.start, first.end)] if first.end > first.start else []
    text, _ = snippet(field, place, width=WHY_CHARS)
    return Why(
        rule_id=match.rule_id,
        line=finding.line,
        clause=finding.clause,
        found=finding.text,
        article=article.key,
        field=first.field,
        lang=article.lang,
        start=first.start,
        end=first.end,
        text=text,
    )


def field_text(article: Article, field: str) -> str:
    """Give the text that a span's field names; tags are joined by newline, unknown ones empty."""
    fields = {
        "title": article.title,
        "body": article.body,
        "author": article.author,
        "url": article.url,
        "tag": "\n".join(article.tags),
    }
    return fields.get(field, "")


def _ranges(spans: Iterable[Span], field: str) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in spans if span.field == field]


def _within(marks: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    return [(start, min(end, length)) for start, end in marks if 0 <= start < min(end, length)]
