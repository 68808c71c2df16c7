"""Compare the engine with judging every rule by itself, on texts that are hard to cut."""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.match import lexicon
from monitor.match.chunks import cut
from monitor.match.engine import Engine, judge
from monitor.match.features import features
from monitor.match.index import Index
from monitor.match.lexicon import Lexicon
from monitor.match.matched import told

Make = Callable[..., Any]

PIECES = [
    "set", "up", "Set", "set/up", "set-up", "setup", "up-set", "new", "York", "New", "York-based",
    "york.new", "e-mail", "email", "Meta", "Meta's", "#Meta", "$META", "@meta", "US", "U.S.", "us",
    "—", "-", "...", "offices", "invested", "investing", "脸书", "脸", "l'équipe", "équipe",
    "نیٹ\u200cورک", "ورک", "1,000", "1000", "meta-analysis-set-up", "a/set", "up,new",
]  # fmt: skip
ATOMS = [
    "set", "up", '"set up"', '"new york"', '"set up new"', '"up new york"', "e-mail", "setup",
    "Meta", "exact:Meta", "exact:US", "#Meta", "$META", "#met*", "office*", "*etup", "up*",
    '"new yor*"', "forms:invest", "forms:set-up", "脸书", "équipe", "ورک", "1000", "york",
    '"set-up new"', 'exact:"New York"', "set NEAR/2 up", "(set OR new) ONEAR/1 (up OR york)",
    "set NOT NEAR/1 up", '"set up" NEAR/3 new', "ATLEAST/2 (set OR up)", "set SENTENCE up",
    "title:set", 'title:"new york"', "lead:(up OR new)", "url:set", "author:york", "tag:up",
    "/set.up/",
]  # fmt: skip

atom = st.sampled_from(ATOMS).map(lambda text: f"({text})")
query = st.one_of(
    atom,
    st.lists(atom, min_size=2, max_size=3).map(" AND ".join),
    st.lists(atom, min_size=2, max_size=3).map(" OR ".join),
    st.builds("{} AND NOT {}".format, atom, atom),
    st.builds("({} OR {}) AND {}".format, atom, atom, atom),
)
text = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", " ", " ", "\n", "\n\n", "\n \n"])),
    max_size=14,
).map(lambda pairs: "".join(piece + end for piece, end in pairs))
rules = st.lists(st.tuples(query, st.lists(atom, max_size=2)), min_size=1, max_size=5)


# few words in many compounds: what looks like a phrase of them often is none ("a-b c": no "a c")
WORDS = st.sampled_from(["a1", "b1", "c1", "脸", "书"])
tight = st.lists(WORDS, min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from(["-", "-", "/", ""]).map(lambda joint: joint.join(words))
)
tight_text = st.lists(tight | WORDS | WORDS, max_size=6).map(" ".join)
tight_phrase = st.lists(WORDS, min_size=2, max_size=3).map(lambda words: f'"{" ".join(words)}"')
tight_near = st.builds(
    lambda words, operator, gap: f"{words[0]} {operator}/{gap} {words[1]}",
    st.permutations(["a1", "b1", "(c1 OR 脸)", '"a1 c1"']),
    st.sampled_from(["NEAR", "ONEAR"]),
    st.integers(0, 2),
)
tight_rules = st.lists(
    st.tuples(
        tight_phrase | tight_near,
        st.lists(tight_phrase, max_size=1),
    ),
    min_size=1,
    max_size=5,
)


def agree(make: tuple[Make, Make], drawn: Any, texts: tuple[str, str], tag: str) -> None:
    article, rule = make
    loaded = [
        rule(each, id=f"r{at}", exclude=excluded) for at, (each, excluded) in enumerate(drawn)
    ]
    title, body = texts
    judged = article(title=title, body=body, author=tag, tags=(tag,), lang="en")
    expected = told(match for each in loaded if (match := judge(each, judged)) is not None)
    assert told(Engine(loaded).match(judged)) == expected
    assert told(match for each in loaded for match in Engine([each]).match(judged)) == expected


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules, st.tuples(text, text), st.sampled_from(PIECES))
def test_the_engine_says_what_each_rule_says_alone(
    article: Make, rule: Make, drawn: Any, texts: tuple[str, str], tag: str
) -> None:
    agree((article, rule), drawn, texts, tag)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tight_rules, st.tuples(tight_text, tight_text))
def test_the_engine_finds_phrases_and_nears_in_compounds_as_each_rule_alone(
    article: Make, rule: Make, drawn: Any, texts: tuple[str, str]
) -> None:
    agree((article, rule), drawn, texts, "")


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules, st.tuples(text, text), st.sampled_from(PIECES))
def test_the_engine_says_what_each_rule_says_alone_for_long(
    article: Make, rule: Make, drawn: Any, texts: tuple[str, str], tag: str
) -> None:
    agree((article, rule), drawn, texts, tag)


def test_the_lexicon_forgets_when_it_is_full(
    article: Make, rule: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexicon, "MAX_KNOWN_CHUNKS", 9)
    engine = Engine([rule("Meta"), rule("forms:meta")])
    for lang in ("en", "fr", "tr", "xx", "en"):
        for word in ("a", "b", "c", "d", "e"):
            judged = article(body=f"{word} Meta {word}{word}", lang=lang)
            assert len(engine.match(judged)) == 2
            assert sum(map(len, engine._reader._lexicon._known.values())) <= 9 + 4


def test_languages_without_stems_are_known_together(article: Make, rule: Make) -> None:
    engine = Engine([rule("forms:meta")])
    for lang in ("xx", "xy", "xz"):
        assert engine.match(article(body="Meta", lang=lang))
    assert len(engine._reader._lexicon._known) == 1


def test_a_phrase_is_sure_unless_it_reaches_into_a_compound() -> None:
    words = ["set", "up", "new"]
    names = ["", *words, "set up", "set up new"]
    known = Lexicon(names[1:])
    found = {}
    for text in (
        "set up", "set\n\nup", "set — up", "set-up", "set up-to-date", "set up new", "set up-new",
    ):  # fmt: skip
        sure_or_not, unsure = features(known.read(cut(text), "plain", "en"))
        found[text] = {names[at] for at in sure_or_not} - {*words}, {names[at] for at in unsure}
    assert found["set up"] == ({"set up"}, set())
    assert found["set\n\nup"] == (set(), set())
    assert found["set — up"] == ({"set up"}, set())
    assert found["set-up"] == found["set up-to-date"] == ({"set up"}, {"set up"})
    assert found["set up new"] == ({"set up", "set up new"}, set())
    assert found["set up-new"] == ({"set up", "set up new"}, {"set up", "set up new"})


def test_a_rule_is_looked_up_by_its_rarest_words(rule: Make) -> None:
    index = Index([rule("(Zuckerberg OR Islamabad) AND (government OR people)")])
    posted = {*compress(index.names, index._is_posted)}
    assert posted == {"zuckerberg", "islamabad"}
    assert index.candidates({index.names.index(name) for name in ("zuckerberg", "people")}) == [0]
    assert index.candidates({index.names.index("zuckerberg")}) == []


def test_a_second_group_of_many_words_is_asked_whole(article: Make, rule: Make) -> None:
    engine = Engine([rule("Zuckerberg AND (one OR two OR three OR four OR five)")])
    assert engine._index._wide
    assert engine.match(article(body="Zuckerberg five"))
    assert not engine.match(article(body="Zuckerberg six"))


def test_a_rule_without_a_required_word_is_counted_and_judged_always(
    article: Make, rule: Make
) -> None:
    engine = Engine([rule("/CVE-[0-9]+/"), rule("Meta")])
    assert engine.always_count == 1
    assert len(engine.match(article(body="CVE-2026"))) == 1
