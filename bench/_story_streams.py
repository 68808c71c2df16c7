"""Make streams of articles to learn stories from: the allowed sets, cut, twinned and retimed.

Nothing here judges. The times of fnc and ecb are invented, so they are invented anew, in several
ways at once. Articles are cut to what feeds carry. Some stories get a twin: other reports of the
event under another story's names, which is another event: the sets hold few events that differ in
names alone or in deeds alone, and a feed of watched words holds little else.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zlib import crc32

from stories import read_articles

from monitor.group import StoryIndex
from monitor.group.profile import Background, read_article
from monitor.group.weights import Model
from monitor.group.words import cut, fold
from monitor.model.article import Article, Precision
from monitor.model.keys import StoryId, digest_of
from monitor.model.story import Relation

Stream = list[tuple[Article, str]]
FOLDS = 3
SOURCES = {
    "fnc": "fnc-train.jsonl",
    "ecb": "ecb-train.jsonl",
    "uci": "uci-dev.jsonl",
}
LEARNED_FROM = ("fnc-train", "ecb-train", "uci-dev, every second story")
# mean hours from a story's start to its reports, one drawn for each story, and the most; streams
# of even seeds take the first line, of odd ones the second
PACES_HOURS = ((2.0, 5.0, 10.0, 20.0), (3.0, 8.0, 16.0, 30.0))
LONGEST_HOURS = (72.0, 120.0)
DAY_SHARE = 0.25  # of retimed streams with twins, that know the day alone
TWIN_SHARE = 0.5  # of stories
TWIN_NAMES = 14
NAME_SHARE = 0.03  # capitalised words of more than this share of articles are no names
WATCHED_NAMES = (1, 2, 4, 8)  # of other stories that take the first one's names, one drawn each
PHRASE_SHARE = 0.4  # of workspaces whose articles share a phrase, not a name
PHRASE_WORDS = (2, 3, 6, 12)
FRAGMENT_SHARE = 0.2  # of articles that open a second part of their story: so it happens live


@dataclass(frozen=True, slots=True)
class Shape:
    """Say what a stream is made of.

    `most` lists how many articles a story may have, one drawn for each; `per_day` is how many
    stories start a day, None to keep the set's own times. `weight` is its part in training.
    `stories_each` cuts the stream into workspaces of so many stories, each with an index of its
    own and with one watched name in all its articles: so a workspace begins, and there the
    nearest story has hardly another word in common. With `is_topical` the two look-alike events
    of a topic come into one workspace.
    """

    source: str
    cut: str
    most: tuple[int, ...]
    per_day: float | None
    weight: float
    has_twins: bool = False
    stories_each: int | None = None
    is_topical: bool = field(default=False, repr=False)  # what is written seeds the draws


ALL = (1_000_000,)
SHAPES: Mapping[str, Shape] = {
    "ecb": Shape("ecb", "whole", ALL, 6, 0.5),
    "ecb, few a story": Shape("ecb", "whole", (1, 2, 3, 4), 8, 0.25),
    "ecb, twins": Shape("ecb", "whole", ALL, 6, 0.5, has_twins=True),
    "fnc": Shape("fnc", "whole", (1, 3, 5, 8), 8, 0.2),
    "fnc, leads": Shape("fnc", "lead", (3,), 10, 0.2),
    "fnc, later parts": Shape("fnc", "rest", (3,), 10, 0.2),
    "fnc, mixed": Shape("fnc", "mixed", (1, 2, 3, 4, 6), 8, 0.2),
    "fnc, leads, twins": Shape("fnc", "lead", (6,), 10, 0.25, has_twins=True),
    "fnc, mixed, twins": Shape("fnc", "mixed", (2, 3, 4, 6), 8, 0.25, has_twins=True),
    "ecb, watched": Shape("ecb", "whole", (1, 2, 3, 4), 8, 0.5, stories_each=4),
    "fnc, watched": Shape("fnc", "mixed", (1, 2, 3, 4), 40, 0.25, stories_each=4),
    "fnc, items": Shape("fnc", "item", (1, 2, 3, 4), 40, 0.25, stories_each=4),
    "uci, watched": Shape("uci", "whole", (1, 2, 4, 12), None, 0.25, stories_each=4),
    "uci": Shape("uci", "whole", ALL, None, 0.25),
    "uci, few a story": Shape("uci", "whole", (2, 4, 12, 40), None, 0.25),
    "ecb, watched topics": Shape(
        "ecb", "whole", (1, 2, 3, 4), 2, 1.0, stories_each=8, is_topical=True
    ),
}


class Sets:
    """Hold the sets that may be learned from, each story in one fold."""

    def __init__(self, data: Path, background: Background) -> None:
        self.background = background
        self._rows = {name: read_articles(data / file) for name, file in SOURCES.items()}
        half = set(sorted({story for _, story in self._rows["uci"]})[::2])
        self._rows["uci"] = [pair for pair in self._rows["uci"] if pair[1] in half]

    def stream(self, shape: Shape, folds: set[int], seed: int) -> Stream:
        """Make a stream of the stories of some folds; the same seed gives the same stream."""
        chance = random.Random(f"{shape} {sorted(folds)} {seed}")
        rows = [pair for pair in self._rows[shape.source] if fold_of(pair[1]) in folds]
        rows = _sampled(rows, shape.most, chance)
        rows = [(_cut(article, shape.cut, chance), story) for article, story in rows]
        if shape.has_twins:
            rows = twinned(rows, self.background, chance)
        if shape.per_day is not None:
            is_daily = shape.has_twins and chance.random() < DAY_SHARE
            rows = retimed(rows, chance, shape.per_day, way=seed % 2, is_daily=is_daily)
        return sorted(rows, key=lambda pair: (pair[0].published_at, pair[0].key))


def workspaces(stream: Stream, shape: Shape, background: Background) -> list[Stream]:
    """Cut a stream into what one workspace each receives, if the shape asks for that."""
    if shape.stories_each is None:
        return [stream]
    names = list(dict.fromkeys(story for _, story in stream))
    if shape.is_topical:
        first = {topic_of(story): at for at, story in reversed([*enumerate(names)])}
        names.sort(key=lambda story: first[topic_of(story)])
    stories = {story: at for at, story in enumerate(names)}
    parts: defaultdict[int, Stream] = defaultdict(list)
    for article, story in stream:
        parts[stories[story] // shape.stories_each].append((article, story))
    chance = random.Random(shape.source)
    return [watched(parts[number], background, chance) for number in sorted(parts)]


def watched(stream: Stream, background: Background, chance: random.Random) -> Stream:
    """Put something of one text in all articles of a workspace.

    Mostly names, for a workspace receives what names its watch words, and people of whom it hears
    often: the first story's commonest take the place of each other story's own, the very first in
    all articles. Else it is a phrase, as authors and forms repeat it.
    """
    if chance.random() < PHRASE_SHARE:
        words = chance.choice(stream)[0].body.split() or ["In", "short"]
        at, length = chance.randrange(len(words)), chance.choice(PHRASE_WORDS)
        phrase = " ".join(words[at : at + length])
        return [(_with_phrase(article, phrase, chance), story) for article, story in stream]
    stories: defaultdict[str, list[Article]] = defaultdict(list)
    for article, story in stream:
        stories[story].append(article)
    names = {story: _names(held, background) for story, held in stories.items()}
    first = next((own for own in names.values() if own), ["Acme"])
    renamed = {}
    for story, own in names.items():
        pairs = dict(zip(own, first[: chance.choice(WATCHED_NAMES)], strict=False))
        renamed[story] = _Renaming(pairs or {"\0": ""}, 0)
    return [
        (_naming(renamed[story](article), first[0], chance), story) for article, story in stream
    ]


def _naming(article: Article, word: str, chance: random.Random) -> Article:
    """Give an article that names a word: as it is, or with the word put in somewhere."""
    is_named = word in cut(f"{article.title} {article.body}")
    return article if is_named else _with_phrase(article, word, chance)


def _with_phrase(article: Article, phrase: str, chance: random.Random) -> Article:
    """Put a phrase somewhere in an article's text, or in its title if it has no text."""
    words = (article.body or article.title).split()
    words.insert(chance.randint(0, len(words)), phrase)
    text = " ".join(words)
    return (
        _with_text(article, article.title, text) if article.body else _with_text(article, text, "")
    )


def fold_of(story: str) -> int:
    """Give a story's fold; the two look-alike events of an ecb topic share theirs."""
    return crc32(topic_of(story).encode()) % FOLDS


def topic_of(story: str) -> str:
    """Give a story's topic: an ecb topic has two look-alike events, others are their own."""
    return re.sub(r"^(ecb-\d+).*", r"\1", story)


def _sampled(rows: Stream, most: tuple[int, ...], chance: random.Random) -> Stream:
    stories: defaultdict[str, Stream] = defaultdict(list)
    for pair in rows:
        stories[pair[1]].append(pair)
    out: Stream = []
    for story in sorted(stories):
        held, at_most = stories[story], chance.choice(most)
        out += held if len(held) <= at_most else chance.sample(held, at_most)
    return out


_STOP = re.compile(r"(?<=[.!?])\s+|\n+")


def _cut(article: Article, how: str, chance: random.Random) -> Article:
    """Cut an article to what a feed might carry; one with a title is left as it is."""
    if how == "mixed":
        how = chance.choice(("whole", "lead", "lead", "titled", "rest", "title"))
    elif how == "item":
        return _with_text(article, "", " ".join(article.body.split()[: chance.randint(9, 25)]))
    if how == "whole" or article.title:
        return article
    first, *others = _STOP.split(article.body.strip())
    title, rest = " ".join(first.split()[:18]), " ".join(others)
    words = rest.split()
    if how == "lead":
        length = chance.randint(30, 80)
        if chance.random() < 0.75:
            return _with_text(article, title, " ".join((words or first.split())[:length]))
        return _with_text(article, "", " ".join((first.split() + words)[:length]))
    if how == "rest":
        start = chance.randint(0, len(words) // 2)
        return _with_text(
            article, "", " ".join(words[start : start + chance.randint(40, 90)]) or first
        )
    return _with_text(article, title, rest if how == "titled" else "")


def _with_text(article: Article, title: str, body: str) -> Article:
    return replace(
        article,
        title=title,
        body=body,
        has_real_title=bool(title),
        text_hash=digest_of(title, body),
    )


def twinned(rows: Stream, background: Background, chance: random.Random) -> Stream:
    """Turn part of some stories into twins: the event's other reports with other names in them."""
    stories: defaultdict[str, list[Article]] = defaultdict(list)
    for article, story in rows:
        stories[story].append(article)
    names = {story: _names(held, background) for story, held in stories.items()}
    out: Stream = []
    for story in sorted(stories):
        held = stories[story]
        if len(held) < 2 or chance.random() > TWIN_SHARE:
            out += [(article, story) for article in held]
            continue
        held = chance.sample(held, len(held))
        kept = chance.randint(1, len(held) - 1)
        other = chance.choice([name for name in sorted(stories) if name != story])
        renamed = _renaming(names[story], names[other], chance)
        out += [(article, story) for article in held[:kept]]
        out += [(renamed(article), f"{story} (twin)") for article in held[kept:]]
    return out


def _names(articles: list[Article], background: Background) -> list[str]:
    """List the commonest names of a story, as written."""
    counts: Counter[str] = Counter()
    for article in articles:
        words = dict.fromkeys(cut(f"{article.title} {article.body}"))
        counts.update(w for w in words if len(w) > 2 and w[0].isupper() and fold(w))
    known = background.shares
    rare = [name for name, _ in counts.most_common() if known.get(fold(name), 0) < NAME_SHARE]
    return rare[:TWIN_NAMES]


class _Renaming:
    """Put other names, and other numbers, in the place of a story's own."""

    def __init__(self, names: Mapping[str, str], shift: int) -> None:
        self._names, self._shift = names, shift
        longest = sorted(names, key=lambda name: (-len(name), name))
        self._pattern = re.compile(rf"\b({'|'.join(map(re.escape, longest))})\b|\d{{2,9}}")

    def __call__(self, article: Article) -> Article:
        return _with_text(article, self._in(article.title), self._in(article.body))

    def _in(self, text: str) -> str:
        return self._pattern.sub(self._other, text)

    def _other(self, found: re.Match[str]) -> str:
        return self._names.get(found[0]) or str(int(found[0]) + self._shift)


def _renaming(mine: list[str], theirs: list[str], chance: random.Random) -> _Renaming:
    share = chance.choice((0.35, 0.6, 1.0))
    if chance.random() < 0.3:
        theirs = chance.sample(theirs, len(theirs))
    pairs = list(zip(mine, theirs, strict=False))
    names = {one: other for one, other in pairs if chance.random() < share}
    return _Renaming(names or dict(pairs[:2]) or {"\0": ""}, chance.randint(1, 40))


def retimed(
    rows: Stream, chance: random.Random, per_day: float, *, way: int, is_daily: bool
) -> Stream:
    """Invent times: stories start at random, their articles follow fast or slowly."""
    stories = sorted({story for _, story in rows})
    start = {story: chance.uniform(0, len(stories) / per_day * 24) for story in stories}
    pace = {story: chance.choice(PACES_HOURS[way]) for story in stories}
    out = []
    for article, story in rows:
        after = min(chance.expovariate(1 / pace[story]), LONGEST_HOURS[way])
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=start[story] + after)
        if is_daily:
            at = at.replace(hour=0, minute=0, second=0, microsecond=0)
        precision = Precision.DAY if is_daily else Precision.SECOND
        out.append(
            (
                replace(article, published_at=at, first_seen_at=at, published_precision=precision),
                story,
            )
        )
    return out


Pair = tuple[tuple[float, ...], bool]
"""The features of an article and a candidate story, and whether it is the article's own."""


def pairs(stream: Stream, model: Model, seed: int) -> Iterator[Pair]:
    """Walk a stream with every article put in its true story, giving each candidate pair.

    Now and then an article opens a second part of its story, as it happens live; both parts
    count as its own. What repeats an article held is not judged by the model, so it is no pair.
    """
    chance, index = random.Random(seed), StoryIndex(model=model)
    parts: defaultdict[str, list[StoryId]] = defaultdict(list)
    truth: dict[StoryId, str] = {}
    names = count()
    for article, story in stream:
        profile = read_article(article, model.background)
        if index._copies.same_as(profile) is None and index._copies.copy_of(profile) is None:
            for likeness in index.survey(profile):
                yield likeness.values, truth[likeness.story.id] == story
        held = parts[story]
        if not held or chance.random() < FRAGMENT_SHARE / len(held):
            held.append(StoryId(f"part {next(names)}"))
            truth[held[-1]] = story
            place = held[-1]
        else:
            place = chance.choice(held)
        index._put(profile, place, Relation.EVENT)
