"""Hold what the templates see: plain values with nothing left to decide.

The HTML and the text part are written from the same page, so they cannot say different things.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Be a run of text that is marked as found, or is not."""

    text: str
    is_mark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Be text to show, with its language ("" if unknown) and direction ("ltr" or "rtl")."""

    pieces: tuple[Piece, ...] = ()
    lang: str = ""
    dir: str = "ltr"

    @property
    def text(self) -> str:
        """Give the passage as plain text."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Be one article under a story; `url` is "" if there is nothing to link."""

    title: Passage
    url: str
    source: str
    when: str
    is_match: bool
    is_new: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Be one reason in the rule's own words: its line's name ("" if it has none) and the find.

    `gap` is what follows a near's words, ", 2 words apart", apart so that right-to-left words do
    not draw its number in.
    """

    line: str
    found: str
    gap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Be why a rule is here: `place` quotes the text around its first find."""

    rule: str
    found: tuple[Found, ...]
    place: Passage

    @property
    def text(self) -> str:
        """Give the reasons in one line: "who: Facebook; where: Islamabad"."""
        return "; ".join(
            f"{item.line}: {item.found}{item.gap}" if item.line else item.found + item.gap
            for item in self.found
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Be a story's card. A brief one has no summary and no reports of its own."""

    badge: str  # NEW, UPDATE, ALREADY SENT
    kind: str  # new, update, sent
    rules: tuple[str, ...]
    title: Passage
    url: str
    sources: str
    when: str
    counts: str
    summary: Passage
    why: tuple[Reasons, ...]
    notes: tuple[str, ...]
    reports: tuple[Report, ...]
    reports_more: int
    is_brief: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Be the stories of one kind under their heading."""

    heading: str
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Name a rule that is told of here."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Be a whole message.

    `lead` is the sentence under the title, `stories_more` how many stories found no room,
    `health` what is wrong with sources and rules, `contact` the address to write to ("" if none),
    `home` this installation's own address ("" if it has none).
    """

    subject: str
    preheader: str
    title: Passage
    lead: str
    span: str
    sections: tuple[Section, ...]
    stories_more: int
    missed: str
    health: tuple[str, ...]
    health_more: int
    rules: tuple[Rule, ...]
    rules_more: int
    channel: str
    zone: str
    contact: str
    home: str
    is_test: bool
