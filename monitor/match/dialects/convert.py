"""Turn a vendor's query into a rule file and a list of what it does not carry over."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.match.dialects.grammar import Grammar, Habits
from monitor.match.dialects.parts import Loss
from monitor.match.dialects.pieces import Cutter
from monitor.match.dialects.split import split
from monitor.match.dialects.write_rule import rule_text
from monitor.match.problems import QueryProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Be one vendor's query language: `vendor` as people say it."""

    vendor: str
    cutter: type[Cutter]
    habits: Habits


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Be a query carried over: `text` is the rule's file.

    It is "" if the query is no query of that vendor (`problems` say why) or if nothing of it
    could be carried (`losses` say why).
    """

    text: str
    losses: tuple[Loss, ...] = ()
    problems: tuple[QueryProblem, ...] = ()


def convert(query: str, dialect: Dialect, *, rule_id: str, title: str) -> Conversion:
    """Carry a query over; whatever it holds, nothing is raised."""
    cutter = dialect.cutter(query)
    cutter.cut()
    problems = cutter.problems
    grammar = Grammar(cutter, dialect.habits)
    whole = grammar.read() if not problems else None
    if whole is None:
        found = (*problems, *grammar.problems)
        return Conversion(text="", problems=tuple(sorted(found, key=lambda one: one.offset)))
    carried = split(whole)
    noted = {*cutter.losses, *grammar.losses, *carried.losses}
    losses = tuple(sorted(noted, key=lambda loss: (loss.start, loss.end, loss.what)))
    if not carried.match:
        return Conversion(text="", losses=losses)
    text = rule_text(
        carried,
        rule_id=rule_id,
        title=title,
        vendor=dialect.vendor,
        query=query,
        losses=losses,
    )
    return Conversion(text=text, losses=losses)
