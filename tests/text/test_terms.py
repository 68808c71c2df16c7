"""Terms: what an index knows of a text is enough to find all that the matcher finds."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match.reading import keys_of
from monitor.text import terms
from monitor.text.terms import MAX_TERM_CHARS, READING, term_of, terms_of, written_term
from monitor.text.tokens import lang_class, read_chunk

SAMPLE = """\
Meta's office in Karachi, the U.S. and US; AT&T and S&P at 3.5bn or 1,000,000 for O’Brien.
An e-mail to the meta-analysis-team #Meta @meta $META 10² km² H₂O naïve Straße İstanbul'da Iğdır
l'équipe dell'arte qu’elle Łódź Ærø résumé ΜΕΤΑ Москва ёлка نہیں فیس بک كراچي إسلام
मेटा ประเทศไทย 东京都 メタ 페이스북 ﷺ ℡ ﬁnance ½ ١٢٣ co\u00adop \u202eabc\u202c it's rock'n'roll
"""
"""One of each that the tokens know to read in more than one way."""

PINNED = (1, "21272c9bc578")


def test_who_changes_how_texts_are_read_counts_readings_on() -> None:
    found = " ".join(sorted(terms_of([SAMPLE])))
    digest = hashlib.sha256(found.encode()).hexdigest()[:12]
    assert (READING, digest) == PINNED, (
        "texts are read otherwise than before. If a release has gone out since, count "
        "monitor.text.terms.READING on, and let a migration make ix_article_unindexed anew; in "
        "any case pin here what they are read as now"
    )


CHUNK = st.text("aB7éßİıК中ก٣ك'’.,-&#@$_²/!", min_size=1, max_size=9) | st.text(max_size=9)


@settings(max_examples=150)
@given(CHUNK, st.sampled_from(["en", "fr", "tr", None]), st.integers(1, 5))
def test_each_form_that_the_matcher_finds_has_its_term(
    text: str, lang: str | None, length: int
) -> None:
    known = terms_of([text])
    for chunk in text.split():
        for part in read_chunk(chunk, lang_class(lang)).parts:
            for key in keys_of(part):
                if key[0] == "=":
                    term = written_term(key[1:])
                else:
                    form = key[1:] if key[0] in "#@$" else key
                    term = term_of(form)
                    assert term.startswith(term_of(form[:length]))  # a wildcard's beginning
                assert term in known or not term, key


def test_a_term_holds_nothing_that_a_database_would_part() -> None:
    for term in terms_of([SAMPLE, "x" * 500, "a_b.c&d"]):
        assert 0 < len(term) <= MAX_TERM_CHARS
        assert all(char.isalnum() or char > "\x7f" for char in term)
        assert not any(char.isspace() or "A" <= char <= "Z" for char in term)


@pytest.mark.parametrize("language", ["en", "fr", "tr"])
def test_every_class_of_languages_is_read(language: str) -> None:
    assert lang_class(language) in terms._LANGUAGES
