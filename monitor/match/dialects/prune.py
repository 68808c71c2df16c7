"""Take out of a query what no rule can say, and tell what that does to what is found."""

from __future__ import annotations

from dataclasses import replace

from monitor.match.dialects.parts import (
    And,
    AtLeast,
    Effect,
    Field,
    Filter,
    Loss,
    Lost,
    Near,
    Not,
    Or,
    Part,
    Term,
    all_of,
    any_of,
)

IN_URL = "a site is looked for in the article's address, url:, where `only:` cannot stand"
_ABSENT = "an alternative that only says what must be absent"


def is_anchored(part: Part) -> bool:
    """Tell whether a part has something to find whenever it matches."""
    if isinstance(part, And | Near):
        return any(is_anchored(one) for one in part.parts)
    if isinstance(part, Or):
        left = [one for one in part.parts if not isinstance(one, Lost)]
        return bool(left) and all(is_anchored(one) for one in left)
    if isinstance(part, Field | AtLeast):
        return is_anchored(part.part)
    return isinstance(part, Term) or (isinstance(part, Filter) and part.key == "source")


class Pruner:
    """Prune parts; each loss with its effect goes to `losses`."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []

    def pruned(self, part: Part, *, is_excluded: bool, needs_anchor: bool) -> Part | None:
        """Prune a part that others stand beside; None if nothing of it is left.

        With `needs_anchor` none of its alternatives may match by absence alone.
        """
        left, dropped = self._pruned(part, is_negated=is_excluded, needs_anchor=needs_anchor)
        for one in dropped:
            self._lose(one, Effect.WIDER)
        return left

    def _lose(self, part: Lost, effect: Effect) -> None:
        loss = Loss(start=part.start, end=part.end, what=part.what, cure=part.cure, effect=effect)
        self.losses.append(loss)

    def _pruned(
        self, part: Part, *, is_negated: bool, needs_anchor: bool
    ) -> tuple[Part | None, list[Lost]]:
        """Give what is left, and what fell out of it that has no effect yet."""
        if isinstance(part, Lost):
            return None, [part]
        if isinstance(part, Filter):
            return self._unfiltered(part)
        if isinstance(part, Not | Field | AtLeast):
            is_not = isinstance(part, Not)
            left, dropped = self._pruned(
                part.part,
                is_negated=is_negated is not is_not,
                needs_anchor=needs_anchor and not is_not,
            )
            return (replace(part, part=left) if left is not None else None), dropped
        if isinstance(part, And | Or | Near):
            return self._group(part, is_negated=is_negated, needs_anchor=needs_anchor)
        return part, []

    def _unfiltered(self, part: Filter) -> tuple[Part | None, list[Lost]]:
        """Say a filter in the query's text, where it cannot stand under `only:`."""
        if part.key != "source":
            what = "a filter beside other alternatives: `only:` holds for the whole rule"
            cure = "write a rule for each"
            return None, [Lost(start=part.start, end=part.end, what=what, cure=cure)]
        self.losses.append(Loss(start=part.start, end=part.end, what=IN_URL, effect=Effect.UNSURE))
        return in_url(part), []

    def _group(
        self, group: And | Or | Near, *, is_negated: bool, needs_anchor: bool
    ) -> tuple[Part | None, list[Lost]]:
        parts: list[Part] = []
        dropped: list[Lost] = []
        is_not_near = isinstance(group, Near) and group.is_negated
        needs_anchor = needs_anchor and (isinstance(group, Or) or not is_anchored(group))
        for at, one in enumerate(group.parts):
            turned = is_negated is not (is_not_near and at > 0)
            judged = _alternative(one) if needs_anchor and isinstance(group, Or) else one
            left, lost = self._pruned(judged, is_negated=turned, needs_anchor=needs_anchor)
            parts += [left] if left is not None else []
            dropped += lost
            if left is None and is_not_near and at == 0:  # what is left says only what is absent
                return None, [replace(lost[0], start=group.start, end=group.end), *lost]
        if not parts:
            return None, dropped
        is_wider = is_negated is isinstance(group, Or)
        for lost_part in dropped:
            self._lose(lost_part, Effect.WIDER if is_wider else Effect.NARROWER)
        return _rejoined(group, parts), []


def _alternative(part: Part) -> Part:
    """Give an alternative, or what says that a rule cannot have it."""
    if is_anchored(part) or isinstance(part, Lost):
        return part
    cure = "write a rule of its own for what must be there"
    return Lost(start=part.start, end=part.end, what=_ABSENT, cure=cure)


def _rejoined(group: And | Or | Near, parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    if isinstance(group, Near):
        return replace(group, parts=tuple(parts))
    return all_of(parts) if isinstance(group, And) else any_of(parts)


def in_url(part: Filter) -> Part:
    """Look for a site's domain in the article's address."""
    terms = [Term(start=part.start, end=part.end, text=value) for value in part.values]
    return Field(start=part.start, end=part.end, name="url", part=any_of(terms))
