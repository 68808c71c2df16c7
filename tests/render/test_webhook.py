"""Promises of webhook bodies: they keep to their published schemas and to their size."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render.values import NOW, article, digest, entry, notice, rule

from monitor.model.article import Precision
from monitor.model.delivery import Channel, ChannelKind, Message
from monitor.model.keys import ChannelName, DeliveryKey
from monitor.model.notice import AlertNotice, Change, Digest, Snippet, SourceView
from monitor.render import channel_test
from monitor.render.templates import Templates
from monitor.render.webhook import render_webhook
from monitor.render.webhook_models import schemas
from monitor.render.webhook_size import LAST_BYTES, MAX_BYTES

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"
KEY = DeliveryKey("dl-0a1b")


def valid(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(message.body.decode("utf-8"))
    schema = schemas()[body["type"]]
    jsonschema.Draft202012Validator(schema).validate(body)
    assert body["schema"] == schema["$id"]
    assert "null" not in json.dumps(list(walk(body)))
    return body


def walk(value: Any) -> Any:
    if isinstance(value, dict):
        yield from (one for item in value.values() for one in walk(item))
    elif isinstance(value, list):
        yield from (one for item in value for one in walk(item))
    elif value is None:
        yield None


def sent(content: AlertNotice | Digest, public_url: str | None = None) -> dict[str, Any]:
    return valid(render_webhook(content, delivery=KEY, public_url=public_url))


@pytest.mark.parametrize("kind", sorted(schemas()))
def test_the_published_schemas_are_those_of_the_models(kind: str) -> None:
    """Write them anew with json.dumps(schemas()[kind], indent=2, ensure_ascii=False)."""
    schema = schemas()[kind]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads((PUBLISHED / f"{kind}.1.json").read_text("utf-8")) == schema


def test_no_schema_is_published_that_nothing_sends() -> None:
    assert {path.stem for path in PUBLISHED.glob("*.json")} == {f"{kind}.1" for kind in schemas()}


def test_a_new_story_is_matched_and_a_known_one_updated() -> None:
    body = sent(notice())
    assert (body["type"], body["data"]["story"]["change"]) == ("story.matched", "new")
    assert (body["id"], body["timestamp"]) == (KEY, "2026-11-23T03:00:00.000Z")
    assert body["data"]["rule"] == {
        "id": "flood-watch",
        "name": "Flood watch",
        "revision": "a1b2c3",
        "labels": {},
    }
    again = sent(notice(entry(change=Change.UPDATE)))
    assert (again["type"], again["data"]["story"]["change"]) == ("story.updated", "update")


def test_what_the_payload_leaves_out_stays_out() -> None:
    text = json.dumps(sent(notice()))
    assert not any(f'"{name}"' in text for name in ("score", "seq", "actions"))


def test_links_to_us_are_absent_without_an_address_and_whole_with_one() -> None:
    assert "url" not in sent(notice())["data"]["story"]
    body = sent(notice(rule=rule(key="a/b")), public_url="https://m.example/")
    assert body["data"]["rule"]["url"] == "https://m.example/rules/a%2Fb"
    assert body["data"]["story"]["url"].startswith("https://m.example/stories/sto_")


def test_a_date_alone_stays_a_date_and_no_link_is_no_field() -> None:
    seed = article(
        url="",
        canonical_url="",
        published_at=datetime(2022, 9, 28, tzinfo=UTC),
        published_precision=Precision.DAY,
    )
    (told,) = sent(notice(entry(seed)))["data"]["articles"]
    assert told["published_at"] == "2022-09-28"
    assert "url" not in told


def test_a_story_counts_its_independent_reports_and_an_article_names_its_agency() -> None:
    told = entry(article("Flood", wire="AFP"), article("Rain"))
    story = replace(told.story, report_count=4, copy_count=37)
    data = sent(notice(replace(told, story=story)))["data"]
    assert (data["story"]["report_count"], data["story"]["copy_count"]) == (4, 37)
    assert [one.get("wire") for one in data["articles"]] == ["AFP", None]


def test_a_digest_holds_its_stories_with_rules_and_why() -> None:
    body = sent(digest(entry(), entry(article("B"), change=Change.SENT), health=("Dawn failed",)))
    data = body["data"]
    assert (body["type"], data["slot"], data["window"]["zone"]) == (
        "digest.ready",
        "2026-11-23T08:00",
        "Asia/Karachi",
    )
    assert [story["change"] for story in data["stories"]] == ["new", "sent"]
    assert data["stories"][0]["why"][0]["term"] == "drains"
    assert data["health"] == ["Dawn failed"]


def test_a_large_story_drops_snippets_first_then_articles_and_says_so() -> None:
    many = [article(f"t{n}", snippet=Snippet(text="خبر " * 60)) for n in range(25)]
    message = render_webhook(notice(entry(*many, omitted=5)), delivery=KEY, public_url=None)
    body = valid(message)
    assert len(message.body) <= MAX_BYTES
    assert body["data"]["truncated"]
    assert "snippet" not in body["data"]["articles"][0]
    assert body["data"]["articles_omitted"] == 30 - len(body["data"]["articles"])


@pytest.mark.parametrize("stories", [1, 20, 500])
def test_a_digest_never_passes_its_size_and_counts_what_it_left_out(stories: int) -> None:
    content = digest(*(entry(article(f"خبر {n} " * 20)) for n in range(stories)))
    message = render_webhook(content, delivery=KEY, public_url=None)
    data = valid(message)["data"]
    assert len(message.body) <= LAST_BYTES
    assert len(data["stories"]) + data["stories_omitted"] == stories
    assert data["stories"]


def test_one_story_of_overlong_everything_keeps_its_size() -> None:
    big = "ش" * 9_000
    told = article(
        big, url="https://x.example/" + "a" * 90_000, source=SourceView(id="s", name=big)
    )
    for content in (notice(entry(told), rule=rule(big)), digest(entry(told, rules=(rule(big),)))):
        message = render_webhook(content, delivery=KEY, public_url=None)
        valid(message)
        assert len(message.body) <= LAST_BYTES


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
def test_any_text_gives_valid_utf8_json(title: str, name: str) -> None:
    body = sent(notice(entry(article(title)), rule=rule(name)))
    clean = title.encode("utf-8", "replace").decode("utf-8")
    assert body["data"]["articles"][0]["title"] == clean


def test_a_lone_surrogate_cannot_leave() -> None:
    body = sent(notice(entry(article("\ud83d bad"))))
    assert body["data"]["articles"][0]["title"] == "? bad"


def test_the_same_content_gives_the_same_bytes() -> None:
    one, other = (render_webhook(digest(), delivery=KEY, public_url=None) for _ in range(2))
    assert one.body == other.body


@pytest.mark.parametrize("kind", list(ChannelKind))
def test_a_channel_test_is_marked_as_one(kind: ChannelKind) -> None:
    channel = Channel(
        name=ChannelName("desk"), kind=kind, to=("d@example.org",), sender="m@example.org"
    )
    message = channel_test.test_message(
        channel,
        recipient="d@example.org",
        delivery=KEY,
        now=NOW,
        public_url=None,
        templates=Templates(),
    )
    if kind is ChannelKind.WEBHOOK:
        assert valid(message)["test"] is True
    else:
        assert message.subject.startswith("Test: ")
        assert b"This is a test." in message.body
