"""Clean the words of an entry: its title, text, author, tags and language."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.model.source import Source
from monitor.text.clean import clean_line, clean_text, strip_markup

MAX_TITLE_CHARS = 1_000
MAX_TAGS = 50
_MAX_SENTENCE_WORDS = 24
_MAX_SENTENCE_CHARS = 300
_SUFFIX = re.compile(r"(.*\S)\s+(?:-|\||–|—|::|·|»|•)\s+(\S.{0,79})")  # the last separator
_SENTENCE_END = re.compile(r"(?<=[.!?؟۔。！？])[\"'”’)\]]{0,3}(?=\s|$)|[۔。！？]")
_CREDIT = re.compile(r"(?<=\S)\s{1,5}[—–]\s{0,5}[^—–.!?]{1,40}$")
_POST = "The post "
_POST_LINE = re.compile(r"The post \S[^\n]* (?:appeared first|first appeared) on [^\n]{1,200}")
_MAX_POST_LINE_CHARS = 1_200
_ABBREVIATIONS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "st",
        "sen",
        "gov",
        "rep",
        "lt",
        "col",
        "gen",
        "maj",
        "capt",
        "sgt",
        "prof",
        "jr",
        "sr",
        "inc",
        "ltd",
        "co",
        "corp",
        "vs",
        "no",
        "nos",
        "etc",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "hon",
        "rev",
        "pres",
        "approx",
        "dept",
        "est",
    ]
)
_PERSON = re.compile(
    r"\S{1,100}@\S{1,100}\s+\(([^()]{1,200})\)|([^<>]{1,200}?)\s*<[^<>\s]{1,200}>"
)
_LANG = re.compile(r"([a-z]{2,3})(?:[-_].{0,30})?")
_NO_LANG = frozenset({"und", "mul", "zxx", "mis"})


def plain(markup: str | None, max_chars: int) -> str:
    """Take the text out of markup, paragraphs kept; the markup is cut at `max_chars` first.

    WordPress's last line, "The post X appeared first on Y.", is left out.
    """
    text = (markup or "")[:max_chars]
    return _without_post_line(
        strip_markup(text) if "<" in text or "&" in text else clean_text(text)
    )


def _without_post_line(text: str) -> str:
    at = text.rfind(_POST, max(0, len(text) - _MAX_POST_LINE_CHARS))
    return text[:at].rstrip() if at >= 0 and _POST_LINE.fullmatch(text, at) else text


def plain_line(markup: str | None, max_chars: int) -> str:
    """Take one line of text out of markup."""
    text = (markup or "")[: 20 * max_chars]
    return clean_line(strip_markup(text) if "<" in text or "&" in text else text, max_chars)


def title_without_source(title: str, source: Source, source_title: str | None) -> str:
    """Drop a publisher's name at a title's end (" - Dawn"), only if it is this publisher's."""
    end = title[-160:]
    found = _SUFFIX.fullmatch(end)
    if found is None:
        return title
    names = {source.name, source_title or "", *source.domains}
    names |= {"www." + domain for domain in source.domains}
    if found[2].strip().casefold() not in {name.strip().casefold() for name in names if name}:
        return title
    return title[: len(title) - len(end)] + found[1]


def first_sentence(text: str) -> str:
    """Give a text's first sentence as a title, or its first 24 words where that is shorter.

    A picture credit behind it ("— Twitter") and the closing full stop are left out.
    """
    paragraph = _CREDIT.sub("", text.partition("\n")[0][:2_000].strip())
    sentence = paragraph[: _sentence_end(paragraph)].strip()
    words = sentence.split()
    if len(words) <= _MAX_SENTENCE_WORDS and len(sentence) <= _MAX_SENTENCE_CHARS:
        return sentence.rstrip(".۔。 ") if not sentence.endswith("..") else sentence
    return " ".join(words[:_MAX_SENTENCE_WORDS])[:_MAX_SENTENCE_CHARS].rstrip(" ,;:-.") + " …"


def _sentence_end(paragraph: str) -> int:
    for found in _SENTENCE_END.finditer(paragraph):
        last = paragraph[: found.start()].rsplit(maxsplit=1)[-1:]
        word = last[0].strip("(\"'“‘.").lower() if last else ""
        if len(word) > 1 and word not in _ABBREVIATIONS and "." not in word:
            return found.end()
    return len(paragraph)


def person(author: str | None, max_chars: int) -> str:
    """Clean an author's name; the address in RSS's "a@b.c (Name)" is dropped."""
    line = plain_line(author, max_chars)
    found = _PERSON.fullmatch(line)
    return ((found[1] or found[2]).strip() if found else "") or line


def clean_tags(tags: Iterable[str], max_chars: int) -> tuple[str, ...]:
    """Clean tags: each once whatever its case, at most 50."""
    found: dict[str, str] = {}
    for tag in tags:
        if len(found) == MAX_TAGS:
            break
        if line := plain_line(tag, max_chars):
            found.setdefault(line.casefold(), line)
    return tuple(found.values())


def primary_language(*stated: str | None) -> str | None:
    """Give the primary subtag (BCP 47, lower case) of the first language that is stated."""
    for one in stated:
        found = _LANG.fullmatch((one or "").strip().lower())
        if found and found[1] not in _NO_LANG:
            return found[1]
    return None
