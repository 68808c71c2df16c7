"""Find where sentences end, in one pass over a text."""

from __future__ import annotations

import re

import regex

_CLOSING = "\"'”’»›)\\]｣」』】"
_STOP = regex.compile(
    # of scripts whose full stop needs no space behind it; else a stop, or some, before a space
    rf"[。｡！？।॥۔؟።។။։]++[{_CLOSING}]*+|(?<![.!?…])[.!?…]++[{_CLOSING}]*+(?=\s)",
    regex.V1,
)
_WORD_BEFORE = regex.compile(r"[\p{L}\p{M}\p{N}.’'-]*+$", regex.V1)
_INITIALS = regex.compile(r"(?:\p{L}\p{M}*\.)+\p{L}\p{M}*|[\p{Lu}\p{Lo}]\p{M}*", regex.V1)
_LOWER_BEHIND = regex.compile(r"[\s\"'“‘«‹(\[…–—-]*\p{Ll}", regex.V1)
_NUMBER_BEHIND = regex.compile(r"\s*\p{Nd}", regex.V1)
_MAX_WORD_CHARS = 12
_LOOK_AHEAD_CHARS = 8

_ABBREVIATED = """
    adm apr asst attn aug ave bldg blvd brig bros capt cf cmdr co col comdr corp cpl ct dec dept
    dr ed eds esq est et etc feb fri ft gen gov govt hon hr inc insp jan jr jul lb lt ltd maj
    messrs mgr misc mme mlle mr mrs ms mt nov oct oz pg ph.d phd pl plc pres prof pt pte pvt rep
    reps rev rs rt sen sens sep sept sgt sq sr st ste supt tel thu thurs tue tues univ viz vs

    abs bd bzw dgl dipl evtl ggf hrsg inkl ing jh mio mrd okt sog std tsd usw zb zzgl
    adj chap dép env hab p.ex sté
    avv dott ecc geom pag sig sigg sig.ra
    gral lic ee.uu sra sras srta ud uds
    godz hab itd itp m.in np por ppłk płk św tj tys tzn tzw ul
    г гг др млн млрд руб стр тыс ул
    ڈاکٹر
"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
"""Words, without their stop and in lower case, behind which a stop ends no sentence."""
_BEFORE_NUMBERS = frozenset(
    ("art", "ch", "fig", "no", "nos", "nr", "núm", "pág", "p", "pp", "sec", "str", "vol", "vols")
)
"""Words that are abbreviations before a number alone."""
_ORDINAL_LANGS = frozenset(
    ("cs", "da", "de", "et", "fi", "hr", "hu", "nb", "nn", "no", "pl", "sk", "sl", "sr", "tr")
)
"""Languages that write an ordinal as a number and a stop: am 3. Mai."""
_ORDINAL = re.compile(r"[0-9]{1,2}|[IVXLC]{2,5}")


def sentence_ends(text: str, lang: str = "") -> list[int]:
    """List the offsets behind which a next sentence begins, ascending; `lang` is a primary subtag.

    Ends of paragraphs are not among them unless a stop stands there.
    """
    return [stop.end() for stop in _STOP.finditer(text) if _ends(text, stop, lang)]


def _ends(text: str, stop: regex.Match[str], lang: str) -> bool:
    signs = stop.group()
    if signs[0] not in ".!?…":
        return True
    ahead = stop.end() + _LOOK_AHEAD_CHARS
    if _LOWER_BEHIND.match(text, stop.end(), ahead):
        return False
    if signs != ".":
        return True
    word = _word_before(text, stop.start())
    if word.lower() in _BEFORE_NUMBERS:
        return _NUMBER_BEHIND.match(text, stop.end(), ahead) is None
    return not _is_abbreviation(word, lang)


def _word_before(text: str, at: int) -> str:
    """Give the word that ends here, "" if it is long."""
    found = _WORD_BEFORE.search(text[max(0, at - _MAX_WORD_CHARS - 1) : at])
    word = found.group().strip("'’-") if found else ""
    return word if len(word) <= _MAX_WORD_CHARS else ""


def _is_abbreviation(word: str, lang: str) -> bool:
    if word.lower() in _ABBREVIATIONS or _INITIALS.fullmatch(word):
        return True
    return lang in _ORDINAL_LANGS and _ORDINAL.fullmatch(word) is not None
