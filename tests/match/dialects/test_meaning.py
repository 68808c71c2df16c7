"""What a vendor finds by its own description, the imported rule finds; what it does not, not."""

from __future__ import annotations

import pytest
from match.conftest import MakeArticle
from match.dialects.loading import imported, rule_of

from monitor.match.dialects.parts import Effect
from monitor.match.engine import Engine

BRANDWATCH, MELTWATER, GOOGLE = "brandwatch", "meltwater", "google-alerts"

CASES: list[tuple[str, str, list[str], list[str]]] = [
    (  # "logitech appears before keyboard with 2 or fewer words in between"
        BRANDWATCH,
        "logitech NEAR/2f keyboard",
        ["a logitech keyboard", "Logitech Bluetooth Keyboard", "logitech very good keyboard"],
        ["keyboard by logitech", "logitech makes a very good keyboard"],
    ),
    (
        BRANDWATCH,
        "((Summer) NEAR/1f (Holiday OR Vacation))",
        ["Summer sun holiday", "summer beach vacation", "summer vacation"],
        ["holiday in summer", "summer and a long holiday"],
    ),
    (
        BRANDWATCH,
        "((Christmas OR Xmas) NEAR/0f (“Mince Pie” OR Pudding))",
        ["an Xmas mince pie", "Christmas pudding"],
        ["a mince pie at Xmas", "Christmas plum pudding"],
    ),
    (
        BRANDWATCH,
        "(apple OR orange) NEAR/5 (smartphone OR phone)",
        ["the phone that Orange sells", "apple one two three four five phone"],
        ["apple one two three four five six phone", "an apple and an orange"],
    ),
    (
        BRANDWATCH,
        '"British Telecom" OR {BT}',
        ["BT cuts jobs", "british telecom cuts jobs", "BT's boss"],
        ["bt in lower case", "Telecom British"],
    ),
    (
        BRANDWATCH,
        "apple NOT (juice OR pie OR sauce)",
        ["Apple shows a phone", "apples? no, an apple"],
        ["an apple pie", "Apple. And, further down, sauce."],
    ),
    (
        BRANDWATCH,
        '"apple juice"~5 AND (cold OR fresh)',
        ["juice of a fresh apple", "cold apple and orange juice"],
        ["apple juice", "fresh apple one two three four five six juice"],
    ),
    (  # "no more than 4 words between each other"
        MELTWATER,
        "Apple NEAR watch",
        ["watch by Apple", "Apple one two three four watch"],
        ["Apple one two three four five watch", "Apple alone"],
    ),
    (
        MELTWATER,
        "Apple ONEAR/10 watch",
        ["Apple shows a new watch"],
        ["watch what Apple does"],
    ),
    (
        MELTWATER,
        'apple AND (watch OR iwatch) NOT ("apple sauce" OR "apple juice" OR "apple orchard*")',
        ["An Apple watch", "the iWatch of apple"],
        ["watch me make apple sauce", "watch the apple orchards", "apple"],
    ),
    (  # "NOT > AND > OR", in order of precedence
        MELTWATER,
        'subway AND sandwich* OR "subway restaurant" NOT station',
        ["a Subway restaurant", "subway sandwiches at the station"],
        ["subway restaurant at the station", "a sandwich"],
    ),
    (
        MELTWATER,
        '("sailboat" or "boat") and "racing"',
        ["boat racing", "racing a sailboat"],
        ["a boat", "sailboat and"],
    ),
    (  # the OR stands for the words beside it alone
        GOOGLE,
        "london OR paris office",
        ["an office in London", "a Paris office"],
        ["London", "an office"],
    ),
    (
        GOOGLE,
        "jaguar speed -car",
        ["the speed of the jaguar"],
        ["the speed of a Jaguar car", "a jaguar"],
    ),
    (
        GOOGLE,
        '"Imran Khan" AROUND(3) court',
        ["court hears Imran Khan", "Imran Khan goes to court"],
        ["Imran Khan one two three four court", "Khan Imran in court"],
    ),
    (
        GOOGLE,
        '"sam katz said * about"',
        ["Sam Katz said much about it", "sam katz said a few words about"],
        ["about what sam katz said", "sam katz said one two three four five about"],
    ),
    (
        GOOGLE,
        "(programmer | developer) -(java | rust)",
        ["a developer", "PROGRAMMER"],
        ["a java developer", "rust"],
    ),
]


@pytest.mark.parametrize(("dialect", "query", "found", "not_found"), CASES)
def test_a_rule_finds_what_the_vendor_says(
    article: MakeArticle, dialect: str, query: str, found: list[str], not_found: list[str]
) -> None:
    engine = Engine([rule_of(query, dialect)])
    assert [text for text in found if not engine.match(article(body=text))] == []
    assert [text for text in not_found if engine.match(article(body=text))] == []


def test_a_title_field_looks_at_titles_alone(article: MakeArticle) -> None:
    for query, dialect in (("title:merger", BRANDWATCH), ("intitle:merger", GOOGLE)):
        engine = Engine([rule_of(query, dialect)])
        assert engine.match(article("Merger", "text"))
        assert not engine.match(article("News", "A merger."))


def test_a_site_and_its_subdomains_pass_alone(article: MakeArticle) -> None:
    engine = Engine([rule_of("floods site:dawn.com -site:sport.dawn.com", GOOGLE)])
    other = {"key": "x", "name": "X", "domains": ("x.com",)}
    assert engine.match(article(body="floods"))
    elsewhere = {"source": other, "url": "https://x.com/1", "canonical_url": "https://x.com/1"}
    assert not engine.match(article(body="floods", **elsewhere))
    sport = "https://sport.dawn.com/1"
    assert not engine.match(article(body="floods", url=sport, canonical_url=sport))


def test_countries_and_languages_filter_by_code_or_name(article: MakeArticle) -> None:
    query = "drought AND country:(Namibia OR ZAF) AND language:English"
    engine = Engine([rule_of(query, MELTWATER)])
    at_home = {"key": "n", "name": "N", "country": "NA"}
    assert engine.match(article(body="drought", source=at_home, lang="en-za"))
    assert not engine.match(article(body="drought", source=at_home, lang="de"))
    abroad = at_home | {"country": "US"}
    assert not engine.match(article(body="drought", source=abroad, lang="en"))


@pytest.mark.parametrize(
    ("query", "effect"),
    [
        ("apple AND links:x.com", Effect.WIDER),
        ("apple OR links:x.com", Effect.NARROWER),
        ("apple NOT links:x.com", Effect.WIDER),
        ("apple NOT (pie OR links:x.com)", Effect.WIDER),
        ("apple NOT (pie AND links:x.com)", Effect.NARROWER),
        ("apple AND NOT (pie AND NOT (sauce OR links:x.com))", Effect.NARROWER),
        ("apple NEAR/3 (pie OR links:x.com)", Effect.NARROWER),
        ("apple OR (pie AND links:x.com)", Effect.WIDER),
        ("apple OR NOT pie", Effect.NARROWER),
    ],
)
def test_a_loss_says_whether_the_rule_finds_more_or_less(query: str, effect: Effect) -> None:
    made = imported(query, BRANDWATCH)
    assert [loss.effect for loss in made.losses] == [effect]
    assert made.text
