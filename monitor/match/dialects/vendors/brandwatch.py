"""Read Brandwatch's query operators.

Described at:
- https://support.brandwatch.com/hc/en-us/articles/204114708-Advanced-Query-Operators (NEAR/x has x
  or fewer words in between, NEAR/xf keeps the order, ~x, raw:, site:, url:, links:, author:)
- https://community.brandwatch.com/boolean-explained-84/boolean-explained-proximity-operators-478
- https://community.brandwatch.com/boolean-explained-84/boolean-explained-6-tips-to-use-brackets-more-effectively-626
  (`{BT}` for case as written in place of raw:, `url:(a OR b)`, `NOT (a OR b)`)
- https://docs.rs/crate/bwq/0.4.2/source/src/commands/examples.rs and src/validation/rules of the
  same (an independent linter: the fields, ranges, comments, and that AND beside OR is refused)
"""

from __future__ import annotations

import re
from dataclasses import replace

from monitor.match.dialects import prefixes
from monitor.match.dialects.convert import Dialect
from monitor.match.dialects.grammar import Habits
from monitor.match.dialects.parts import And, Effect, Loss, Near, Or, Part, Term
from monitor.match.dialects.pieces import Cutter, Kind, Operator, Piece, Reading

_NEAR = re.compile(r"NEAR/(\d{1,6})(f?)")
_TILDE = re.compile(r"~(\d{1,4})")
_COMMENT = re.compile(r"<<<.*?>>>", re.DOTALL)
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"\[[^\[\]]*\]")
_ONLY_SOCIAL = "is known of posts, not of articles"
_PLACE = "is a place, of which a rule knows only the source's country"

_FIELDS: dict[str, Reading] = {
    "title": prefixes.field("title"),
    "author": prefixes.field("author"),
    "url": prefixes.field("url"),
    "site": prefixes.sites,
    "raw": prefixes.exact,
    "country": prefixes.countries,
    "language": prefixes.languages,
    "at_mentions": prefixes.marked("@"),
    "hashtags": prefixes.marked("#"),
} | {
    name: prefixes.gone(_PLACE, "name the country under `only: {country: [...]}`")
    for name in ("continent", "region", "state", "county", "city")
}
_SOCIAL = """
    authorfollowers authorgender authorverified authorverifiedtype blogname channelid
    engagement engagementtype engagingwith entityid guid hasimage imagetype impressions
    instagramlikes itemreview likes minuteofday pagetype parentblogname parentpostid rating
    reach redditspoiler retweets rootblogname sensitivecontent sentiment singletumblrpost
    subreddit subredditnsfw subreddittopics tags threadid tweetcount unlistedvideos
    contentsource authorflair publisherseriestopics publishersubtype topparentid
"""
_LINKS = prefixes.gone(
    "looks at where a post links to, which a rule does not", "search the words of what is linked"
)


class _Cutter(Cutter):
    vendor = "Brandwatch"
    prefixes = frozenset({*_FIELDS, *_SOCIAL.split(), "links"})

    def special(self, char: str) -> bool:
        if char == "<" and (comment := _COMMENT.match(self.text, self.at)):
            self.comments.append(comment.span())
            self.at = comment.end()
        elif char == "{" and (braces := _BRACES.match(self.text, self.at)):
            self.term(braces[1].strip().strip('"'), len(braces.group()), is_exact=True)
        elif char in "{}":
            cure = "close it with '}'" if char == "{" else "remove it"
            self.fail(self.at, f"a lone {char!r}", cure, "brace")
            self.at += 1
        elif char == "[":
            self._range()
        elif char == "~" and self.is_glued and (tilde := _TILDE.match(self.text, self.at)):
            self.add(Kind.SUFFIX, len(tilde.group()), closing=_within)
        else:
            return False
        return True

    def _range(self) -> None:
        found = _RANGE.match(self.text, self.at)
        if found is None or not self._is_value():
            cure = "write a range behind a field, such as rating:[1 TO 5]"
            self.fail(self.at, "a '[' that belongs to no field", cure, "range")
            self.at += 1
            return
        self.term(found.group(), len(found.group()))

    def word(self, chunk: str) -> None:
        tilde = re.search(r"~\d{1,4}$", chunk)
        if tilde and tilde.start():
            chunk = chunk[: tilde.start()]
        brace = re.search(r"[{}]|<<<", chunk)
        if brace and brace.start():
            chunk = chunk[: brace.start()]
        if chunk in ("AND", "OR"):
            self.join(Operator(chunk), len(chunk))
        elif chunk == "NOT":
            self.add(Kind.NOT, len(chunk))
        elif near := _NEAR.fullmatch(chunk):
            self.near(len(chunk), int(near[1]), is_ordered=bool(near[2]))
        elif re.fullmatch(r"NEAR(/.*)?|AND/.*|OR/.*|[&|+~]+", chunk):
            cure = "write NEAR/5 or NEAR/5f, AND, OR or NOT"
            self.fail(self.at, f"{chunk!r} is no operator of Brandwatch", cure, "operator")
            self.at += len(chunk)
        elif chunk[0] in "#@" and len(chunk) > 1:
            self.term(chunk[1:], len(chunk), mark=chunk[0])
        elif re.fullmatch(r"\$[A-Za-z][A-Za-z0-9]*", chunk):
            self.term(chunk[1:], len(chunk), mark="$")
        else:
            self.term(chunk, len(chunk))

    def url(self, text: str) -> None:
        if self._is_value():
            self.term(text, len(text))
            return
        self.add(Kind.PREFIX, 0, reading=prefixes.field("url"))
        self.term(text, len(text))

    def prefix(self, name: str, length: int) -> None:
        reading = _LINKS if name == "links" else _FIELDS.get(name)
        if reading is None:
            reading = prefixes.gone(_ONLY_SOCIAL, "leave it out")
        self.add(Kind.PREFIX, length, reading=reading)


def _within(part: Part, piece: Piece) -> tuple[Part, tuple[Loss, ...]]:
    """Read `"a b"~5` and `(a AND b)~5`: the words with at most 5 others between them."""
    gap = int(piece.text[1:])
    parts: tuple[Part, ...] = ()
    if isinstance(part, Term):
        parts = tuple(replace(part, text=word) for word in part.text.split())
    elif isinstance(part, And):
        parts = part.parts
    effect, what = Effect.WIDER, f"is read as NEAR/{gap} between neighbours"
    if len(parts) < 2:
        effect, what = Effect.UNSURE, "has no two sides to be near each other"
    loss = Loss(start=piece.start, end=piece.end, what=what, effect=effect)
    if len(parts) < 2:
        return part, (loss,)
    near = Near(start=part.start, end=piece.end, parts=parts, gap=gap)
    is_same = (
        isinstance(part, And)
        and len(parts) == 2
        and all(isinstance(one, Term | Or) for one in parts)
    )
    return near, () if is_same else (loss,)


DIALECT = Dialect(
    vendor="Brandwatch",
    cutter=_Cutter,
    habits=Habits(
        binding=(Operator.BESIDE, Operator.AND, Operator.OR),
        beside="words without an operator between them are read as AND",
        mixed="AND stands beside OR without parentheses: AND is read first",
    ),
)
