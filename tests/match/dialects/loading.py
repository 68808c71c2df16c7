"""Load what was imported, as the product would."""

from __future__ import annotations

from monitor.match.dialects.convert import Conversion, convert
from monitor.match.dialects.registry import dialects
from monitor.match.load import LoadedRules, load_rules
from monitor.match.tree import LoadedRule
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell

MAILBOX = ChannelName("mailbox")


def imported(query: str, dialect: str) -> Conversion:
    return convert(query, dialects()[dialect], rule_id="r", title="R")


def loaded(text: str) -> LoadedRules:
    return load_rules(
        {"rules/r.yaml": text},
        {},
        channels={MAILBOX: True},
        default_tell=((MAILBOX, Tell.DIGEST),),
        workspace_has=lambda path: False,
    )


def rule_of(query: str, dialect: str) -> LoadedRule:
    made = imported(query, dialect)
    assert made.text, (made.problems, made.losses)
    found = loaded(made.text)
    assert found.errors == (), made.text
    (rule,) = found.rules
    return rule
