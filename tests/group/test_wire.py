"""Promises of wire credits: an agency is named where a paper credits it, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.articles import article, source

from monitor.group.wire import Wire, Wires, syndicators, wires
from monitor.model.source import Source

TOLD = "Meta will open its first office in Pakistan next year, the minister said on Thursday."


def wire_of(body: str = TOLD, *, author: str = "", own: tuple[Source, ...] = ()) -> str | None:
    found = wires(syndicators(own)).wire_of(article(body=body, author=author))
    return found.agency if found else None


@pytest.mark.parametrize(
    ("dateline", "name"),
    [
        ("ISLAMABAD (Reuters) - ", "Reuters"),
        ("ISLAMABAD, Nov 26 (Reuters) – ", "Reuters"),
        ("ISLAMABAD: (APP) ", "APP"),
        ("ISLAMABAD, Nov. 26 (APP): ", "APP"),
        ("ISLAMABAD (APP) ", "APP"),
        ("(Reuters) - ", "Reuters"),
        ("SAN FRANCISCO (AP) — ", "AP"),
        ("NEW DELHI, Thursday, Nov 26, 2026 (PTI) ", "PTI"),
        ("LONDON/ISLAMABAD (Reuters Breakingviews) - ", "Reuters"),
        ("Berlin (dpa/lnw) - ", "dpa"),
        ("Madrid, 26 nov (EFE).- ", "Agencia EFE"),
        ("Iguala (Mexico) (AFP) - ", "AFP"),
        ("ALLENTOWN, Pa. (AP) — ", "AP"),
        ("ASUNCION, Paraguay (AP) — ", "AP"),
        ("PORT-AU-PRINCE, Haiti (AP) — ", "AP"),
        ("ANKARA, April 5 (AA) - ", "Anadolu"),
        ("New Delhi, Nov 26 (PTI) - ", "PTI"),
        ("MARDAN (APP) ", "APP"),
        ("MONTREAL (AFP) ", "AFP"),
        ("PARIS (AFP/Reuters) - ", "AFP"),
        ("AFP - ", "AFP"),
        ("Reuters: ", "Reuters"),
        ("By Ali Khan ISLAMABAD, Nov 26 (AFP) -- ", "AFP"),
        ("إسلام آباد (رويترز) - ", "Reuters"),
        ("اسلام آباد (اے پی پی) ", "APP"),
        ("ISLAMABAD (Web Desk/AFP) - ", "AFP"),
        ("MOSCOW, November 26. /TASS/. ", "TASS"),
        ("МОСКВА, 26 ноября. /ТАСС/. ", "TASS"),
        ("(서울=연합뉴스) 홍길동 기자 = ", "Yonhap"),
        ("新华社伊斯兰堡11月26日电 ", "Xinhua"),
        ("伊斯兰堡（路透社）— ", "Reuters"),
    ],
)
def test_a_dateline_names_the_agency(dateline: str, name: str) -> None:
    assert wire_of(dateline + TOLD) == name


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        (" — AFP", "AFP"),
        ("—Reuters", "Reuters"),
        (" -APP", "APP"),
        (" (AFP)", "AFP"),
        (" [AP]", "AP"),
        (" (AFP/Reuters)", "AFP"),
        ("\n\nReuters", "Reuters"),
        ("\n\nAgence France Presse, Reuters", "AFP"),
        ("\n\nThe Canadian Press, with files from the Free Press", "The Canadian Press"),
        ("\n\nQuelle: dpa", "dpa"),
        ("\n\n(Reporting by Ali Khan in Islamabad; Editing by Bo Shah)", "Reuters"),
        ("\n\nReporting by Ali Khan; Writing by Bo Shah.\n\nOur standards.", "Reuters"),
        ("\n\nCopyright 2026 The Associated Press. All rights reserved.", "AP"),
        ("\n\n© 2026 AFP", "AFP"),
        ("\n\n© Thomson Reuters 2026", "Reuters"),
        (" —PTI", "PTI"),
        ("\n\n© AFP. All rights reserved.", "AFP"),
        ("\n\n/ritzau/", "Ritzau"),
        (" — AFP\n\nPublished in Dawn, November 26th, 2026", "AFP"),
        ("۔ (رائٹرز)", "Reuters"),
    ],
)
def test_a_sign_off_names_the_agency(ending: str, name: str) -> None:
    assert wire_of(TOLD + ending) == name


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Reuters", "Reuters"),
        ("AFP", "AFP"),
        ("afp", "AFP"),
        ("The Associated Press", "AP"),
        ("By Ali Khan, Associated Press Writer", "AP"),
        ("Ali Khan | Reuters", "Reuters"),
        ("Dawn.com | AFP", "AFP"),
        ("Reuters Staff", "Reuters"),
        ("AFP in Islamabad", "AFP"),
        ("Press Trust of India", "PTI"),
        ("Web Desk and Xinhua News Agency", "Xinhua"),
        ("APP", "APP"),
        ("Afp", "AFP"),
        ("dpa", "dpa"),
    ],
)
def test_an_author_names_the_agency(author: str, name: str) -> None:
    assert wire_of(author=author) == name


@pytest.mark.parametrize(
    "body",
    [
        "",
        TOLD,
        "The minister told Reuters that Meta will open an office.",
        "In an interview with the Associated Press (AP) - the first in years - he named a date.",
        "the official Associated Press of Pakistan (APP) reported that an office will open.",
        "Reuters was the first to report that Meta will open an office.",
        "AFP journalists saw the building in Islamabad.",
        f"{TOLD} A spokesman declined to comment to Reuters.",
        f"{TOLD}\n\nThe Associated Press contributed to this report.",
        f"{TOLD}\n\nWith additional reporting by Reuters",
        f"{TOLD} (Photo: AFP)",
        f"{TOLD} — AFP photo",
        f"{TOLD} — Reuters/File",
        "(AP Photo) — The building in Islamabad.",
        "(AFP) is what the agency is called in short.",
        "The APP-led alliance won. The party said so.",
        "ISLAMABAD: Pakistan Tehreek-e-Insaf (PTI) chairman Imran Khan said so.",
        "The Pakistan Tehreek-e-Insaf (PTI) - the largest party - said so.",
        "Awami National Party (ANP) leaders met in Peshawar.",
        "Aam Aadmi Party (AAP): what it stands for.",
        "Producer Price Index (PPI): what it means.",
        "Unified Payments Interface (UPI) - how it works.",
        "The Palestinian Authority (PA) said so.",
        "American Airlines (AA) - the carrier - said so.",
        "The producer price index (PPI) - a measure of prices - rose.",
        "The sale and purchase agreement (SPA): what it says.",
        "L'Autorité palestinienne (AP) – elle a dit.",
        "PAKISTAN TEHREEK-E-INSAF (PTI) chairman Imran Khan said so.",
        "Pakistan Tehreek-E-Insaf (PTI) - the party - said so.",
        "LAHORE: Ali Khan (PTI) - a lawyer - said so.",
        "Syed Khan (ANP) — a lawyer — said so.",
        f"{TOLD}\n\n© 2026 AP Photo",
        f"{TOLD}\n\nMENA",
        f"{TOLD} So said Ali Khan. (PTI)",
        "PTI: the party said so.",
        "APP: the new way to pay.",
        "MENA: growth slows.",
        "Prime Minister Shehbaz Sharif (AFP)\n\nThe minister said so.",
        "Imran Khan (Reuters)\nThe minister said so.",
        f"{TOLD} Image copyright AFP Image caption The building in Islamabad.",
        f"{TOLD}\n\nPhoto © AFP",
        f"{TOLD}\n\nPhoto © 2026 AFP",
        f"{TOLD}\n\n© Reuters",
        f"{TOLD} Picture: © AP. The building.",
        f"{TOLD}\n\n© 2026 App Makers",
        "PAKISTAN (the AP said) - is large.",
    ],
)
def test_a_name_within_what_is_told_credits_nothing(body: str) -> None:
    assert wire_of(body) is None


@pytest.mark.parametrize("author",
    [
        "", "Ali Khan", "Apple News", "App Developers", "Agencies", "App", "Ria", "Ani", "Spa",
        "Mena, Juan", "pa", "ria", "CNA", "Jane Doe with Reuters", "BBC with AFP",
    ],
)  # fmt: skip
def test_an_author_who_is_no_agency_credits_nothing(author: str) -> None:
    assert wire_of(author=author) is None


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("reuters.com", "Reuters"),
        ("uk.reuters.com", "Reuters"),
        ("hosted.ap.org", "AP"),
        ("kyodonews.net", "Kyodo"),
    ],
)
def test_an_agencys_own_site_is_its_own(domain: str, name: str) -> None:
    own = source("agency", domains=(domain,))
    assert wires().wire_of(article(source=own)) == Wire(name, is_taken=False)


def test_what_only_ends_like_an_agencys_site_is_another() -> None:
    assert wires().wire_of(article(source=source("x", domains=("notreuters.com",)))) is None


def test_a_workspaces_syndicators_are_agencies() -> None:
    own = source("pajhwok", name="Pajhwok", is_syndicator=True)
    agencies = wires(syndicators([own]))
    assert agencies.wire_of(article(source=own)) == Wire("Pajhwok", is_taken=False)
    told = article(body=f"KABUL (Pajhwok) - {TOLD}")
    assert agencies.wire_of(told) == Wire("Pajhwok", is_taken=True)
    assert wires().wire_of(told) is None


@pytest.mark.parametrize(
    ("name", "domains", "shown"),
    [
        ("The Associated Press", (), "AP"),
        ("The Associated Press", ("apnews.com",), "AP"),
        ("PTI", ("pti.example",), "PTI"),
        ("RFE/RL", (), "RFE/RL"),
        ("A (B", (), "A (B"),
        ("x", (), "x"),
    ],
)
def test_a_syndicator_goes_by_its_own_name_unless_it_is_known(
    name: str, domains: tuple[str, ...], shown: str
) -> None:
    own = source("own", name=name, domains=domains, is_syndicator=True)
    agencies = wires(syndicators([own]))
    assert agencies.wire_of(article(source=own)) == Wire(shown, is_taken=False)
    credited = agencies.wire_of(article(author=name))
    assert credited == (Wire(shown, is_taken=True) if len(name) > 1 else None)


PIECES = st.sampled_from(
    ["AFP", "(AFP)", "Reuters", "- ", "— ", "\n\n", " ", "ISLAMABAD", "told", ".", "©", "2026 "]
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=60).map("".join), st.text(max_size=40))
def test_whatever_stands_in_a_text_gives_a_known_name_or_none(body: str, author: str) -> None:
    found = wire_of(body, author=author)
    assert found is None or found in set(Wires()._names.values())


@given(st.text(alphabet=st.characters(exclude_categories=["Lu", "Cs"]), max_size=400))
def test_what_stands_between_beginning_and_end_is_not_looked_at(middle: str) -> None:
    filler = "so it goes on, said the minister, " * 40
    told = "(AFP) - Reuters\n© 2026 AFP\nReporting by A; Editing by B"
    assert wire_of(f"{filler}{middle} {told} {filler}") is None
