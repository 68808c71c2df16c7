from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.text.folding import fold
from monitor.text.tokens import Token, tokenize

calm = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def readings(token: Token) -> set[str]:
    return {token.folded, *token.variants}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Łódź", "lodz"), ("Straße", "STRASSE"), ("Ærø", "aero"), ("œuvre", "oeuvre"),
        ("İstanbul", "istanbul"), ("Diyarbakır", "diyarbakir"), ("équipe", "equipe"),
        ("Αθήνα", "αθηνα"), ("Москва", "МОСКВА"), ("Королёв", "королев"), ("Ｍｅｔａ", "meta"),
        ("فيس بك", "فیس بک"), ("كراچي", "کراچی"), ("إسلام", "اسلام"), ("قُرآن", "قران"),
        ("مســلم", "مسلم"), ("مؤمن", "مومن"), ("قصة", "قصه"), ("٢٠٢٢", "2022"), ("۲۰۲۲", "2022"),
        ("हिन्दी", "हिन्दी"), ("क़", "क़"), ("ﾌｪｲｽﾌﾞｯｸ", "フェイスブック"), ("in\u00adfor", "infor"),
        ("O’Brien", "O'Brien"), ("٣٫٥", "3.5"), ("١٬٠٠٠", "1000"), ("CO₂", "co2"),
    ],
)  # fmt: skip
def test_spellings_of_one_word_fold_together(left: str, right: str) -> None:
    assert fold(left) == fold(right)


@pytest.mark.parametrize(
    ("left", "right"), [("й", "и"), ("हिन", "हन"), ("บุ", "บ"), ("їжак", "іжак")]
)
def test_letters_that_differ_stay_apart(left: str, right: str) -> None:
    assert fold(left) != fold(right)


@calm
@given(st.text(max_size=30))
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Meta's", "en", {"meta's", "meta"}),
        ("Meta’s", None, {"meta's", "meta"}),
        ("U.S.", None, {"us"}),
        ("US", None, {"us"}),
        ("AT&T", None, {"at&t"}),
        ("3.5bn", None, {"3.5bn"}),
        ("1,000,000", None, {"1,000,000", "1000000"}),
        ("1,00,000", None, {"1,00,000", "100000"}),
        ("l’équipe", "fr", {"l'equipe", "equipe", "l"}),
        ("dell'Italia", None, {"dell'italia", "italia", "dell"}),
        ("l'équipe", "de", {"l'equipe"}),
        ("Meta'nın", "tr", {"meta'nin", "meta"}),
        ("O'Brien", None, {"o'brien"}),
    ],
)
def test_one_token_has_these_readings(text: str, lang: str | None, expected: set[str]) -> None:
    (token,) = tokenize(text, lang=lang)
    assert readings(token) == expected
    assert token.surface == text


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("l'OTAN", "fr", {"l'OTAN", "OTAN", "l"}),
        ("D’Apple", None, {"D'Apple", "Apple", "D"}),
        ("Meta'nın", "tr", {"Meta'nın", "Meta"}),
        ("l'OTAN", "en", {"l'OTAN"}),
        ("Meta's", "tr", {"Meta's", "Meta"}),
        ("O'Brien", "fr", {"O'Brien"}),
    ],
)
def test_one_token_has_these_exact_forms(text: str, lang: str | None, expected: set[str]) -> None:
    (token,) = tokenize(text, lang=lang)
    assert set(token.exact) == expected


def test_an_elided_compound_has_the_exact_form_without_its_article() -> None:
    joined = next(t for t in tokenize("l'Arc-en-Ciel", lang="fr") if t.width == 3)
    assert {"l'Arc-en-Ciel", "Arc-en-Ciel"} <= set(joined.exact)


def test_us_and_initials_read_each_other_exactly() -> None:
    assert [token.exact for token in tokenize("US U.S. us")] == [("US",), ("US",), ("us",)]


def test_a_compound_takes_as_many_positions_as_parts_and_its_joined_form_spans_them() -> None:
    tokens = tokenize("an e-mail now")
    assert [(t.folded, t.position, t.width) for t in tokens] == [
        ("an", 0, 1), ("e", 1, 1), ("email", 1, 2), ("mail", 2, 1), ("now", 3, 1)
    ]  # fmt: skip
    assert tokens[2].surface == "e-mail"


def test_a_zero_width_non_joiner_breaks_and_joins_arabic_script_only() -> None:
    assert [t.folded for t in tokenize("نیٹ\u200cورک")] == ["نیٹ", "نیٹورک", "ورک"]
    assert len(tokenize("क्\u200cष")) == 1


def test_marks_are_kept_apart_from_their_words() -> None:
    tokens = tokenize("#Meta @meta $META a@b.c $5")
    assert [(t.folded, t.mark) for t in tokens] == [
        ("meta", "#"), ("meta", "@"), ("meta", "$"), ("a", ""), ("b.c".replace(".", ""), ""),
        ("5", ""),
    ]  # fmt: skip


def test_scripts_without_spaces_give_a_token_a_character() -> None:
    assert [t.folded for t in tokenize("Meta公司")] == ["meta", "公", "司"]
    assert [t.surface for t in tokenize("เฟซบุ๊ก")] == ["เ", "ฟ", "ซ", "บุ๊", "ก"]


def test_blank_lines_part_paragraphs_and_single_newlines_do_not() -> None:
    tokens = tokenize("a\nb\n \nc\n\n\n\nd")
    assert [(t.folded, t.paragraph) for t in tokens] == [("a", 0), ("b", 0), ("c", 1), ("d", 2)]


@calm
@given(st.text(alphabet=st.sampled_from("aB1é²₂'’-.,&# \n\u200c\u00ad脸ก\u0301ی$ß٢"), max_size=40))
def test_offsets_point_into_the_original_and_positions_run_on(text: str) -> None:
    tokens = tokenize(text)
    singles = [token for token in tokens if token.width == 1]
    assert [token.position for token in singles] == list(range(len(singles)))
    assert all(text[t.start : t.end] == t.surface and t.surface for t in tokens)
    assert all(a.end <= b.start for a, b in itertools.pairwise(singles))
    assert all(t.folded for t in tokens)


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "a-" * 5_000, "a." * 50_000, "1," * 5_000, ",000" * 20_000, "脸" * 5_000,
     "a" + "\u0301" * 100_000, "\n" + " " * 200_000, "#" * 50_000, "a'" * 50_000, "a&" * 50_000],
)  # fmt: skip
def test_hostile_runs_are_read_to_their_end(text: str) -> None:
    tokens = tokenize(text)
    assert not tokens or tokens[-1].end <= len(text)


MIXED = "aBİıßéŁø\u0301'’-.,&# \n\u200c\u200d\u00ad\u0640脸カﾌ゛ก็हि\u094dрйёΑά١۲یيكهأؤقُ2²$@"


@calm
@given(st.text(alphabet=st.sampled_from(MIXED), max_size=40), st.sampled_from(["en", "tr", None]))
def test_whatever_scripts_are_mixed_each_token_is_where_it_says(
    text: str, lang: str | None
) -> None:
    for token in tokenize(text, lang=lang):
        assert text[token.start : token.end] == token.surface
        assert 0 <= token.start < token.end <= len(text)
        for reading in (token.folded, *token.variants):
            assert fold(reading) == reading


@pytest.mark.parametrize(
    ("lang", "text", "query", "found"),
    [
        ("ur", "فيس بُك نے كراچي میں دفتر کھولا", "فیس بک", "فيس بُك"),
        ("ar", "أعلنت شركةُ ميتا عن الإســلام", "الاسلام", "الإســلام"),
        ("hi", "मेटा ने दिल्ली में दफ़्तर खोला", "दफ़्तर", "दफ़्तर"),
        ("th", "เฟซบุ๊กเปิดสำนักงาน", "เฟซบุ๊ก", "เฟซบุ๊ก"),
        ("zh", "脸书公司在伊斯兰堡开设办事处", "伊斯兰堡", "伊斯兰堡"),
        ("ja", "メタ社がﾌｪｲｽﾌﾞｯｸの事務所を開設", "フェイスブック", "ﾌｪｲｽﾌﾞｯｸ"),
        ("ru", "Королёв и Чайковский в МОСКВЕ", "москве", "МОСКВЕ"),
        ("tr", "Bugün İSTANBUL'da kar", "istanbul", "İSTANBUL'da"),
        ("tr", "DIŞ haberler", "dış", "DIŞ"),
        ("de", "Die GROSSE Straße", "große strasse", "GROSSE Straße"),
        ("fr", "L’ÉQUIPE d’œuvres", "equipe", "L’ÉQUIPE"),
        ("pl", "ŁÓDŹ i Kraków", "lodz", "ŁÓDŹ"),
    ],
)
def test_a_word_is_found_in_each_language(lang: str, text: str, query: str, found: str) -> None:
    """As a query's word or phrase would be: its tokens in a row among the article's."""
    wanted = [fold(token.folded) for token in tokenize(query, lang=lang) if token.width == 1]
    tokens = [token for token in tokenize(text, lang=lang) if token.width == 1]
    runs = [tokens[at : at + len(wanted)] for at in range(len(tokens))]
    hits = [
        run
        for run in runs
        if len(run) == len(wanted)
        and all(word in readings(token) for word, token in zip(wanted, run, strict=True))
    ]
    assert [text[hit[0].start : hit[-1].end] for hit in hits] == [found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AT&T", ["at&t"]), ("S&P", ["s&p"]), ("3.5bn", ["3.5bn"]), ("O'Brien", ["o'brien"]),
        ("office.Open", ["office", "open"]), ("3.Mai", ["3", "mai"]), ("a.b.c", ["abc"]),
        ("U.S.-led", ["us", "led"]), ("R&D,S&P", ["r&d", "s&p"]),
    ],
)  # fmt: skip
def test_a_stop_joins_single_letters_and_digits_alone(text: str, expected: list[str]) -> None:
    assert [token.folded for token in tokenize(text, lang="en") if token.width == 1] == expected


def test_positions_run_on_across_paragraphs() -> None:
    assert [token.position for token in tokenize("a b\n\nc")] == [0, 1, 2]
