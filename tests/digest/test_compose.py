"""Promises of composing: a story once, with all its rules, in an order that never wavers."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.digest.compose import (
    MAX_ARTICLES,
    MAX_STORIES,
    Candidate,
    Seat,
    alert_notice,
    compose,
)
from monitor.digest.windows import Slot
from monitor.model.alert import Alert, Reason
from monitor.model.article import Article, TextState
from monitor.model.keys import (
    ArticleKey,
    ChannelName,
    Revision,
    RuleId,
    SourceKey,
    StoryId,
    alert_key,
)
from monitor.model.notice import Change, Digest, Window
from monitor.model.rule import Finding, Match, Rule, Span, Tell
from monitor.model.source import Source
from monitor.model.story import Relation, Story

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DESK = ChannelName("desk")
SLOT = Slot(
    key="2026-11-23T08:00",
    window=Window(start=NOW - timedelta(days=1), end=NOW, zone="Asia/Karachi"),
    missed_slots=2,
)


def rule(key: str = "floods") -> Rule:
    return Rule(
        id=RuleId(key),
        title=key.title(),
        tell=((DESK, Tell.DIGEST),),
        revision=Revision("1"),
    )


def article(key: str, *, hours: int = 1, body: str = "Rain.\n\nThe flood rose.") -> Article:
    return Article(
        key=ArticleKey(key),
        feed="https://dawn.example/rss",
        source=Source(key=SourceKey(f"s-{key}"), name=f"Source {key}"),
        url=f"https://dawn.example/{key}",
        canonical_url=f"https://dawn.example/{key}",
        title=f"Flood in {key}",
        body=body,
        published_at=NOW - timedelta(hours=hours),
        first_seen_at=NOW,
        fetched_at=NOW,
        text_state=TextState.FULL,
        text_hash=key,
    )


def match(of: Article, by: str = "floods") -> Match:
    at = of.body.index("flood")
    spans = (Span(field="title", start=0, end=5), Span(field="body", start=at, end=at + 5))
    finding = Finding(line="what", clause="flood*", text="Flood", spans=spans)
    return Match(
        rule_id=RuleId(by),
        revision=Revision("1"),
        article=of.key,
        findings=(finding,),
        notes=("country unknown: let through",),
    )


def seat(
    of: Article, *rules: str, relation: Relation = Relation.EVENT, is_told: bool = False
) -> Seat:
    matches = tuple(match(of, by) for by in rules)
    return Seat(article=of, relation=relation, matches=matches, is_told=is_told)


def candidate(key: str, *seats: Seat, sources: int = 1, hours: int = 1) -> Candidate:
    seats = seats or (seat(article(key), "floods", relation=Relation.FIRST),)
    story = Story(
        id=StoryId(f"sto_{key}"),
        title=seats[0].article.title,
        lang="en",
        first_at=NOW - timedelta(hours=hours),
        last_at=NOW - timedelta(hours=hours),
        article_count=len(seats),
        source_count=sources,
        report_count=sources,
        copy_count=0,
        revision=1,
        lead=seats[0].article.key,
    )
    return Candidate(story=story, articles=seats, rules=(rule(),))


def composed(*candidates: Candidate) -> Digest:
    digest = compose(candidates, channel=DESK, slot=SLOT, now=NOW)
    assert digest is not None
    return digest


def test_nothing_to_tell_is_no_digest() -> None:
    assert compose((), channel=DESK, slot=SLOT, now=NOW, health=("Dawn failed",)) is None


def test_a_digest_carries_its_slot_and_what_it_missed() -> None:
    digest = composed(candidate("a"))
    assert (digest.slot, digest.window, digest.missed_slots) == (SLOT.key, SLOT.window, 2)
    assert digest.composed_at == NOW


def test_new_stands_before_update_before_sent_then_sources_then_recency() -> None:
    candidates = [
        replace(candidate("sent", sources=9), already_sent_now=True, was_told=True),
        replace(candidate("update", sources=9), was_told=True),
        candidate("older", sources=2, hours=5),
        candidate("newer", sources=2, hours=1),
        candidate("many", sources=5, hours=20),
    ]
    order = ["sto_many", "sto_newer", "sto_older", "sto_update", "sto_sent"]
    for seed in range(5):
        random.Random(seed).shuffle(candidates)
        assert [entry.story.id for entry in composed(*candidates).entries] == order
    changes = [entry.change for entry in composed(*candidates).entries]
    assert changes == [Change.NEW] * 3 + [Change.UPDATE, Change.SENT]


def test_a_story_of_two_rules_stands_once_with_both() -> None:
    one = article("a")
    first = candidate("a", seat(one, "floods", relation=Relation.FIRST))
    second = replace(
        candidate("a", seat(one, "rain", relation=Relation.FIRST)), rules=(rule("rain"),)
    )
    (entry,) = composed(first, second).entries
    assert [view.id for view in entry.rules] == ["floods", "rain"]
    assert [why.rule_id for why in entry.why] == ["floods", "rain"]
    assert entry.articles[0].matched_rules == ("floods", "rain")


def test_the_lead_stands_first_then_matching_then_the_rest_by_time() -> None:
    lead, old, new, silent = (
        article("lead"),
        article("old", hours=9),
        article("new"),
        article("silent"),
    )
    (entry,) = composed(
        candidate("s", seat(lead), seat(silent), seat(old, "floods"), seat(new, "floods"))
    ).entries
    assert [view.id for view in entry.articles] == ["lead", "new", "old", "silent"]
    assert [view.is_match for view in entry.articles] == [False, True, True, False]


def test_an_update_shows_and_explains_what_is_new() -> None:
    lead = seat(article("lead", hours=5), "floods", relation=Relation.FIRST, is_told=True)
    told = seat(article("told", hours=3), "floods", is_told=True)
    fresh = seat(article("fresh", body="Late: the flood fell."), "floods")
    company = seat(article("company"))
    update = replace(candidate("s", lead, told, company, fresh), was_told=True)
    (entry,) = composed(update).entries
    assert [view.id for view in entry.articles] == ["fresh", "lead", "told", "company"]
    assert [why.article for why in entry.why] == ["fresh"]
    assert entry.story.summary == "Late: the flood fell."
    assert (entry.headline, entry.story.title) == ("Flood in fresh", "Flood in lead")


def test_a_rule_that_found_nothing_new_explains_what_it_found() -> None:
    lead = seat(article("lead"), "floods", "rain", relation=Relation.FIRST, is_told=True)
    update = replace(
        candidate("s", lead, seat(article("fresh"), "floods")),
        was_told=True,
        rules=(rule(), rule("rain")),
    )
    (entry,) = composed(update).entries
    assert [(why.rule_id, why.article) for why in entry.why] == [
        ("floods", "fresh"),
        ("rain", "lead"),
    ]


def test_why_is_said_in_the_rules_own_words_with_its_place() -> None:
    (entry,) = composed(candidate("a")).entries
    (why,) = entry.why
    assert (why.line, why.clause, why.found, why.article) == ("what", "flood*", "Flood", "a")
    assert (why.field, why.start, why.end) == ("title", 0, 5)
    assert "Flood in a" in why.text
    assert entry.notes == ("country unknown: let through",)


def test_extracts_are_marked_where_the_rule_found_something() -> None:
    (entry,) = composed(candidate("a")).entries
    view = entry.articles[0]
    assert [view.title[start:end] for start, end in view.title_marks] == ["Flood"]
    assert [view.snippet.text[start:end] for start, end in view.snippet.marks] == ["flood"]
    assert entry.story.summary == view.snippet.text


def test_a_long_story_is_cut_and_counted_but_keeps_the_article_that_opened_it() -> None:
    seats = [seat(article(f"a{number:02}"), "floods") for number in range(60)]
    first = seat(article("zz", hours=99), "floods", relation=Relation.FIRST)
    (entry,) = composed(candidate("s", *seats, first)).entries
    assert len(entry.articles) == MAX_ARTICLES
    assert entry.articles_omitted == 61 - MAX_ARTICLES
    assert entry.articles[-1].relation is Relation.FIRST


def test_more_stories_than_a_digest_holds_are_counted_aloud() -> None:
    digest = composed(*(candidate(f"k{number}") for number in range(MAX_STORIES + 3)))
    assert len(digest.entries) == MAX_STORIES
    assert digest.health[0].startswith("at least 3 more stories wait")


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        ("Flood  in a\n\nThe flood rose.", "The flood rose."),
        ("Flood in all\n\nThe flood rose.", "Flood in all  The flood rose."),
        ("Flood in a", ""),
    ],
)
def test_an_extract_leaves_out_a_first_line_that_repeats_the_title(
    body: str, summary: str
) -> None:
    of = article("a", body=body)
    at = body.rindex("lood") - 1
    finding = Finding(
        line="", clause="f", text="f", spans=(Span(field="body", start=at, end=at + 5),)
    )
    found = replace(match(replace(of, body="flood")), findings=(finding,))
    (entry,) = composed(
        candidate("a", Seat(article=of, relation=Relation.FIRST, matches=(found,)))
    ).entries
    (view,) = entry.articles
    assert (entry.story.summary, view.snippet.text) == (summary, summary)
    marked = [view.snippet.text[start:end].lower() for start, end in view.snippet.marks]
    assert marked == (["flood"] if summary else [])


@pytest.mark.parametrize("state", [TextState.STUB, TextState.PENDING])
def test_an_article_without_its_text_is_flagged(state: TextState) -> None:
    stub = replace(article("a"), text_state=state)
    (entry,) = composed(candidate("a", seat(stub, "floods"))).entries
    assert entry.articles[0].is_stub


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize(("was_told", "change"), [(False, Change.NEW), (True, Change.UPDATE)])
def test_an_alert_tells_one_rule_and_says_whether_the_channel_knows_the_story(
    generation: int, was_told: bool, change: Change
) -> None:
    alert = Alert(
        key=alert_key(RuleId("floods"), StoryId("sto_a"), generation),
        rule_id=RuleId("floods"),
        story=StoryId("sto_a"),
        generation=generation,
        article=ArticleKey("a"),
        reason=Reason.NEW_STORY,
        raised_at=NOW,
    )
    told = replace(candidate("a"), rules=(rule(), rule("rain")), was_told=was_told)
    notice = alert_notice(
        told, alert=alert, rule=rule(), channel=DESK, first_matched_at=NOW, root="dl-1"
    )
    assert [view.id for view in notice.entry.rules] == ["floods"]
    assert (notice.entry.change, notice.root, notice.raised_at) == (change, "dl-1", NOW)
