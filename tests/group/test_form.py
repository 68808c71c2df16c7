"""Promises of leaving a page's form out of its news."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from monitor.group import StoryIndex
from monitor.model.article import Article
from monitor.model.story import Placement, Relation

Build = Callable[..., Article]
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
NEWS = {
    "Glacier lake bursts above Hunza": "A glacier lake burst and flooded the valley road.",
    "Parliament passes solar tax": "Members voted for the levy on panels after a night of debate.",
    "Striker signs for Madrid": "The forward moves on a free transfer when his contract ends.",
    "Hospital opens burns ward": "Donors paid for twenty beds in the southern port city.",
    "Court halts demolition": "Judges told the railway to leave the traders where they are.",
    "New frog found in cloud forest": "Biologists described the amphibian from the border river.",
    "Fog closes runway again": "Airlines cancelled flights for a third morning in a row.",
    "Bank cuts key rate": "Borrowing becomes a quarter point cheaper to help industry.",
    "Museum returns bronzes": "Statues that soldiers took a century ago went home by ship.",
    "Teachers strike over wages": "Most schools of the district stayed shut on Monday.",
}
FOOTER = (
    "Sign up for our daily newsletter and follow us on all channels to get the latest headlines, "
    "opinion and analysis delivered straight to your inbox every morning. All rights reserved. No "
    "part of this publication may be reproduced, distributed or transmitted in any form without "
    "the prior written permission of the publisher. To advertise with us or to share an idea, "
    "please write to the editor or call our office during business hours."
)
WALL = " ".join(
    f"We use cookies to personalise content item {number} and to analyse our traffic."
    for number in ["one", "two", "three", "four", "five", "six", "seven", "eight"]
)


def placed(build: Build, texts: dict[str, str], *, source: str = "") -> list[Placement]:
    index, found = StoryIndex(), []
    for hour, (title, body) in enumerate(texts.items()):
        at = NOW + timedelta(hours=hour / 3)
        article = build(f"n{hour}", title, body, at=at, source=source, first_seen_at=at)
        found.append(index.place(article, now=at))
    return found


def test_pages_with_one_footer_are_stories_of_their_own(build: Build) -> None:
    pages = {title: f"{body}\n\n{FOOTER}" for title, body in NEWS.items()}
    assert {one.relation for one in placed(build, pages, source="site")} == {Relation.FIRST}


def test_reports_of_one_event_meet_above_a_footer(build: Build) -> None:
    first = "Fire at the Quell mill killed three workers, mayor Ines Calloway said on Monday."
    other = "Three workers died when fire broke out at a mill in Quell, said mayor Ines Calloway."
    texts = {"Court halts demolition": NEWS["Court halts demolition"]}
    texts |= {"Mill fire kills three in Quell": first, "Three die in Quell mill fire": other}
    pages = {title: f"{body}\n\n{FOOTER}" for title, body in texts.items()}
    _, one, two = placed(build, pages, source="site")
    assert one.story == two.story


@pytest.mark.parametrize(("source", "stories"), [("site", 10), ("", 9)])
def test_pages_that_hold_only_a_consent_wall_are_no_copies(
    build: Build, source: str, stories: int
) -> None:
    found = placed(build, dict.fromkeys(NEWS, WALL), source=source)
    assert len({one.story for one in found}) == stories


def test_news_under_a_new_title_is_an_update(build: Build) -> None:
    body = (
        "A fire at the mill in Oru killed three workers on Monday evening, police said, as crews "
        "from four towns fought the blaze through the night and doctors treated eleven people "
        "for burns, while families waited at the gates for news of those still missing inside."
    )
    titles = {
        "Mill fire kills three in Oru": body,
        "Toll climbs after blaze": body + " More soon.",
    }
    one, two = placed(build, titles, source="dawn")
    assert one.story == two.story
