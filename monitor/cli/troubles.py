"""Show what is wrong, with one line for all that has one cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.cli.wording import counted
from monitor.normalise.urls import host_of
from monitor.pipeline.health import sentence
from monitor.store.feeds import FeedState
from monitor.store.problems import Trouble

_NAMES_SHOWN = 6
_IN_SHORT = {
    "dns": "name lookup failed",
    "connect": "no connection",
    "timeout": "no answer in time",
    "refused_address": "the address is private",
}
_OF_ONE_CAUSE = frozenset({"dns", "timeout", "refused_address"})
"""Kinds that say the cause whatever their words; "connect" has several."""
_NO_NETWORK = frozenset({"dns", "connect", "timeout"})
_ALLOW = "name its network below network.allow_private in monitor.yaml, if it is yours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Be troubles of one cause: one alone, or feeds that fail alike."""

    troubles: tuple[Trouble, ...]
    text: str
    cure: str
    names: tuple[str, ...] = ()
    """Which feeds, by source, where it is not simply all of them."""


def gathered(troubles: Sequence[Trouble], states: Sequence[FeedState]) -> tuple[Wrong, ...]:
    """Put troubles of one cause together; `states` are all feeds."""
    known = {state.url: state for state in states}
    groups: dict[tuple[str, ...], list[Trouble]] = {}
    for trouble in troubles:
        groups.setdefault(_cause(trouble, known), []).append(trouble)
    active = sum(state.state == "active" for state in states)
    return tuple(
        _alike(group, known, active) if len(group) > 1 else _alone(group[0], known)
        for group in groups.values()
    )


def _cause(trouble: Trouble, known: Mapping[str, FeedState]) -> tuple[str, ...]:
    if trouble.kind != "feed" or trouble.subject not in known:
        return (trouble.kind, trouble.subject)
    kind = known[trouble.subject].last_error_kind or ""
    return ("feed", kind) if kind in _OF_ONE_CAUSE else ("feed", kind, _hostless(trouble))


def _hostless(trouble: Trouble) -> str:
    host = host_of(trouble.subject)
    return trouble.reason.replace(host, "the host") if host else trouble.reason


def _alone(trouble: Trouble, known: Mapping[str, FeedState]) -> Wrong:
    state = known.get(trouble.subject) if trouble.kind == "feed" else None
    is_private = state is not None and state.last_error_kind == "refused_address"
    cure = f"{trouble.cure}, or {_ALLOW}" if is_private else trouble.cure
    return Wrong(troubles=(trouble,), text=sentence(trouble), cure=cure)


def _alike(group: Sequence[Trouble], known: Mapping[str, FeedState], active: int) -> Wrong:
    states = [known[trouble.subject] for trouble in group]
    kind, is_all = states[0].last_error_kind or "", len(group) >= active
    what = _IN_SHORT.get(kind) or _hostless(group[0]).rstrip(".")
    text = f"{counted(len(group), 'feed')}: {what}"
    sources = tuple(sorted({state.source_key for state in states}))
    return Wrong(
        troubles=tuple(group),
        text=f"{text}: is there a network?" if is_all and kind in _NO_NETWORK else text,
        cure=_ALLOW if kind == "refused_address" else "they are tried again by themselves",
        names=() if is_all else _some(sources),
    )


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    more = len(names) - _NAMES_SHOWN
    return (*names[:_NAMES_SHOWN], f"{more} more") if more > 0 else names


def unreached(states: Sequence[FeedState]) -> str:
    """Say in one line why none of these feeds, which all failed, was reached."""
    kinds = {state.last_error_kind or "unknown" for state in states}
    causes = ", ".join(sorted(_IN_SHORT.get(kind, kind) for kind in kinds))
    text = f"{counted(len(states), 'feed')}: {causes}"
    if kinds <= _NO_NETWORK:
        return f"{text}: is there a network? They are tried again by themselves."
    return f"{text}: {_ALLOW}" if kinds == {"refused_address"} else f"{text}: monitor status"
