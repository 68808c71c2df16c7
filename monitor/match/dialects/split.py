"""Split a query into what a rule has keys for: `match`, `exclude` and `only`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.match.dialects.parts import And, Effect, Filter, Loss, Not, Or, Part, any_of
from monitor.match.dialects.prune import IN_URL, Pruner, in_url, is_anchored
from monitor.match.dialects.sound import Settler
from monitor.match.dialects.write_query import written
from monitor.match.query import parse_query


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Be what a rule carries over: all of `match` must be found, nothing of `exclude`."""

    match: tuple[Part, ...]
    exclude: tuple[Part, ...]
    only: Mapping[str, tuple[str, ...]]
    losses: tuple[Loss, ...]


def split(query: Part) -> Carried:
    """Split a query; `match` is empty if nothing that could be found is left of it."""
    return _Splitter().split(query)


class _Splitter:
    def __init__(self) -> None:
        self.match: list[Part] = []
        self.exclude: list[Part] = []
        self.only: dict[str, tuple[str, ...]] = {}
        self.pruner = Pruner()

    def split(self, query: Part) -> Carried:
        settler = Settler()
        whole = settler.settled(query)
        parts = whole.parts if isinstance(whole, And) else (whole,)
        for part in sorted(parts, key=lambda one: not is_anchored(one)):
            self._sort(part)
        if not self.match and "source" in self.only:
            self._from_site(query)
        if not self.match and (self.only or self.exclude):
            what = "has no word that must be found: it filters and excludes only"
            self._lose(query, what, "add what to look for", Effect.NARROWER)
        return Carried(
            match=tuple(self.match),
            exclude=tuple(self.exclude),
            only=self.only,
            losses=(*settler.losses, *self.pruner.losses),
        )

    def _sort(self, part: Part) -> None:
        if filters := _filters(part):
            self._filter(filters)
        elif isinstance(part, Not):
            for one in part.part.parts if isinstance(part.part, Or) else (part.part,):
                self._exclude(one)
        else:
            self._keep(part, self.match)

    def _exclude(self, part: Part) -> None:
        if isinstance(part, Filter):
            before = self.only.get(f"not_{part.key}", ())
            self.only[f"not_{part.key}"] = tuple(dict.fromkeys((*before, *part.values)))
        else:
            self._keep(part, self.exclude)

    def _keep(self, part: Part, kept: list[Part]) -> None:
        is_excluded = kept is self.exclude
        needs_anchor = is_excluded or not any(map(is_anchored, self.match))
        left = self.pruner.pruned(part, is_excluded=is_excluded, needs_anchor=needs_anchor)
        if left is None:
            return
        alternatives = left.parts if isinstance(left, Or) else (left,)
        is_wider = is_excluded or len(alternatives) == 1
        sound = [one for one in alternatives if self._is_sound(one, needs_anchor, is_wider)]
        if sound:
            kept.append(any_of(sound))

    def _is_sound(self, part: Part, needs_anchor: bool, is_wider: bool) -> bool:
        """Tell whether our own grammar takes a part; it has bounds that vendors lack."""
        parsed = parse_query(written(part), needs_positive=needs_anchor)
        if parsed.node is not None:
            return True
        fault = next(problem for problem in parsed.problems if problem.is_error)
        effect = Effect.WIDER if is_wider else Effect.NARROWER
        self._lose(part, f"cannot be written: {fault.what}", fault.cure, effect)
        return False

    def _filter(self, filters: tuple[Filter, ...]) -> None:
        key = filters[0].key
        values = tuple(dict.fromkeys(value for one in filters for value in one.values))
        before = self.only.get(key, values)
        both = tuple(value for value in before if value in values)
        if both:
            self.only[key] = both
            return
        what = f"{', '.join(values)} and {', '.join(before)} at once: no article is both"
        self._lose(any_of(filters), what, "join them by OR", Effect.WIDER)

    def _from_site(self, query: Part) -> None:
        """Watch a whole site: a rule must find something, so its address is looked for."""
        values = self.only.pop("source")
        self._lose(query, IN_URL, "add what to look for there", Effect.UNSURE)
        site = Filter(start=query.start, end=query.end, key="source", values=values)
        self.match.append(in_url(site))

    def _lose(self, part: Part, what: str, cure: str, effect: Effect) -> None:
        self.pruner.losses.append(
            Loss(start=part.start, end=part.end, what=what, cure=cure, effect=effect)
        )


def _filters(part: Part) -> tuple[Filter, ...]:
    """Give the filters of one key that a part is, joined by OR; () if it is something else."""
    parts = part.parts if isinstance(part, Or) else (part,)
    filters = tuple(one for one in parts if isinstance(one, Filter))
    is_one = len(filters) == len(parts) and len({one.key for one in filters}) == 1
    return filters if is_one else ()
