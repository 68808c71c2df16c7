"""Build the values that the tests render; nothing here renders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.model.article import Precision
from monitor.model.keys import (
    AlertKey,
    ArticleKey,
    ChannelName,
    Revision,
    RuleId,
    StoryId,
    digest_of,
)
from monitor.model.notice import (
    AlertNotice,
    ArticleView,
    Change,
    Digest,
    RuleView,
    Snippet,
    SourceView,
    StoryEntry,
    StoryView,
    Why,
    Window,
)
from monitor.model.story import Relation

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WORKSPACE_TEMPLATES = Path(__file__).parents[2] / "templates"


def user_templates() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in WORKSPACE_TEMPLATES.glob("*.j2")}


def rule(name: str = "Flood watch", key: str = "flood-watch") -> RuleView:
    return RuleView(id=RuleId(key), name=name, revision=Revision("a1b2c3"))


def article(title: str = "Karachi drains overflow", **changes: object) -> ArticleView:
    key = digest_of("a", title, str(changes.get("url")))
    values: dict[str, object] = {
        "id": ArticleKey(key),
        "url": f"https://dawn.example/news/{key[:6]}?a=1&b=2",
        "canonical_url": f"https://dawn.example/news/{key[:6]}",
        "title": title,
        "lang": "en",
        "published_at": NOW - timedelta(hours=3),
        "published_precision": Precision.SECOND,
        "fetched_at": NOW,
        "source": SourceView(id="dawn", name="Dawn", country="PK", lang="en", tier=1),
        "snippet": Snippet(text="Water stood in the streets after a warning.", marks=((0, 5),)),
        "is_match": True,
        "relation": Relation.FIRST,
        "matched_rules": (RuleId("flood-watch"),),
    }
    return ArticleView(**{**values, **changes})  # type: ignore[arg-type]


def entry(
    *articles: ArticleView,
    rules: tuple[RuleView, ...] = (),
    change: Change = Change.NEW,
    title: str = "",
    omitted: int = 0,
) -> StoryEntry:
    shown = articles or (article(),)
    rules = rules or (rule(),)
    lead = shown[0]
    return StoryEntry(
        change=change,
        rules=rules,
        story=StoryView(
            id=StoryId("sto_" + lead.id[:20]),
            revision=1,
            title=title or lead.title,
            lang=lead.lang,
            summary=lead.snippet.text,
            first_seen_at=lead.published_at,
            last_seen_at=lead.published_at,
            source_count=len({one.source.id for one in shown}),
            article_count=len(shown) + omitted,
        ),
        articles=shown,
        articles_omitted=omitted,
        why=tuple(
            Why(
                rule_id=one.id,
                line="what",
                clause="flood* OR drains",
                found="drains",
                article=lead.id,
                field="title",
                lang=lead.lang,
                start=8,
                end=14,
                text="Karachi drains overflow",
            )
            for one in rules
        ),
    )


def digest(*entries: StoryEntry, **changes: object) -> Digest:
    values: dict[str, object] = {
        "channel": ChannelName("desk"),
        "slot": "2026-11-23T08:00",
        "window": Window(start=NOW - timedelta(days=1), end=NOW, zone="Asia/Karachi"),
        "composed_at": NOW,
        "entries": entries or (entry(),),
    }
    return Digest(**{**values, **changes})  # type: ignore[arg-type]


def notice(told: StoryEntry | None = None, **changes: object) -> AlertNotice:
    values: dict[str, object] = {
        "alert": AlertKey(digest_of("alert")),
        "channel": ChannelName("desk"),
        "raised_at": NOW,
        "first_matched_at": NOW - timedelta(minutes=1),
        "rule": rule(),
        "reason": "new_story",
        "entry": told or entry(),
    }
    return AlertNotice(**{**values, **changes})  # type: ignore[arg-type]
