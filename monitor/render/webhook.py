"""Render webhook bodies from typed models, below the size that receivers are promised."""

from __future__ import annotations

from monitor.model.delivery import Message
from monitor.model.keys import DeliveryKey
from monitor.model.notice import AlertNotice, Change, Digest, StoryEntry
from monitor.render import webhook_models as models
from monitor.render.webhook_parts import (
    article_body,
    moment,
    note_texts,
    rule_body,
    story_body,
    why_bodies,
)
from monitor.render.webhook_size import Cut, smallest

CONTENT_TYPE = "application/json"


def render_webhook(
    content: AlertNotice | Digest, *, delivery: DeliveryKey, public_url: str | None
) -> Message:
    """Render a body: `story.matched`, `story.updated` or `digest.ready`, version 1.

    The same content gives the same bytes. Links to us are absent without `public_url`.
    """
    home = (public_url or "").rstrip("/")
    if isinstance(content, Digest):
        kind, stories = "digest.ready", len(content.entries)
        body = smallest(lambda cut: _digest(content, delivery, home, cut), stories=stories)
    else:
        kind = "story.matched" if content.entry.change is Change.NEW else "story.updated"
        body = smallest(lambda cut: _alert(content, delivery, home, cut), stories=1)
    return Message(content_type=CONTENT_TYPE, body=body, subject=kind)


def body_bytes(payload: models.Payload) -> bytes:
    """Write a body as UTF-8 JSON; what is unknown is absent, never null."""
    return payload.model_dump_json(by_alias=True, exclude_none=True).encode("utf-8")


def _alert(notice: AlertNotice, delivery: DeliveryKey, home: str, cut: Cut) -> bytes:
    entry = notice.entry
    model = models.StoryMatched if entry.change is Change.NEW else models.StoryUpdated
    data = models.StoryData(
        channel=notice.channel,
        rule=rule_body(notice.rule, home),
        match=models.MatchBody(
            id=notice.alert,
            first_matched_at=moment(notice.first_matched_at),
            raised_at=moment(notice.raised_at),
            reason=notice.reason,
            why=why_bodies(entry.why, cut),
        ),
        story=story_body(entry, home, cut),
        articles=[article_body(article, cut) for article in entry.articles[: cut.articles]],
        articles_omitted=_omitted(entry, cut),
        notes=note_texts(entry.notes),
        truncated=cut.is_cut,
    )
    at = moment(notice.raised_at)
    return body_bytes(model(timestamp=at, id=delivery, test=notice.is_test, data=data))


def _digest(digest: Digest, delivery: DeliveryKey, home: str, cut: Cut) -> bytes:
    shown = digest.entries[: cut.stories]
    data = models.DigestData(
        channel=digest.channel,
        slot=digest.slot,
        window=models.WindowBody(
            start=moment(digest.window.start),
            end=moment(digest.window.end),
            zone=digest.window.zone,
        ),
        missed_slots=digest.missed_slots,
        stories=[_digest_story(entry, home, cut) for entry in shown],
        stories_omitted=len(digest.entries) - len(shown),
        health=note_texts(digest.health),
        truncated=cut.is_cut,
    )
    at = moment(digest.composed_at)
    payload = models.DigestReady(timestamp=at, id=delivery, test=digest.is_test, data=data)
    return body_bytes(payload)


def _digest_story(entry: StoryEntry, home: str, cut: Cut) -> models.DigestStory:
    return models.DigestStory(
        change=entry.change.value,
        rules=[rule_body(rule, home) for rule in entry.rules],
        story=story_body(entry, home, cut),
        articles=[article_body(article, cut) for article in entry.articles[: cut.articles]],
        articles_omitted=_omitted(entry, cut),
        why=why_bodies(entry.why, cut),
        notes=note_texts(entry.notes),
    )


def _omitted(entry: StoryEntry, cut: Cut) -> int:
    return entry.articles_omitted + max(0, len(entry.articles) - cut.articles)
