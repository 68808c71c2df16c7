"""Find the rules that an article's features do not rule out, and what is left to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.match.necessary import MAX_GROUPS, Group, conjuncts, exact_group, groups
from monitor.match.shares import cost
from monitor.match.tree import LoadedRule, Near, Node, Not

_Names = tuple[str, ...]
_NOTHING_MORE: _Names = ("",)  # holds for every article


class Nearby(NamedTuple):
    """Ask for a feature of each group within `gap` tokens of the next, in one field."""

    groups: tuple[_Names, ...]
    gap: int
    is_ordered: bool


class Index:
    """Post each rule under its rarest necessary group; its other groups are looked at next.

    A part of a rule that a group says exactly is decided by it; the others (`left`, `barred`) are
    judged on the text. A hundred thousand rules are a few million entries: groups are tuples,
    which take half of what sets do, and those that are equal are one, as are equal strings. What
    decides about most rules, the second group, stands beside each posting: to fetch it from
    elsewhere took longer than the test.
    """

    def __init__(self, rules: Iterable[LoadedRule]) -> None:
        self.always: list[int] = []
        self._postings: dict[str, tuple[list[int], list[_Names]]] = {}
        self._first: list[_Names] = []
        self._second: list[_Names] = []
        self._further: dict[int, tuple[_Names, ...]] = {}
        self._excluded: dict[int, _Names] = {}
        self._near: dict[int, tuple[Nearby, ...]] = {}
        self._left: dict[int, tuple[Node, ...]] = {}
        self._barred: dict[int, tuple[Node, ...]] = {}
        self._shared: dict[Group, _Names] = {}
        self._names: dict[str, str] = {}
        for at, loaded in enumerate(rules):
            self._add(at, loaded)
        del self._shared

    @property
    def names(self) -> Iterable[str]:
        """List the features that the groups are made of."""
        return self._names.keys()

    def candidates(self, found: set[str]) -> list[int]:
        """List the rules whose every group has one of these features, ascending."""
        found.add("")
        misses, further = found.isdisjoint, self._further
        rules = set(self.always)
        for ats, seconds in filter(None, map(self._postings.get, found)):
            rules.update([at for at, names in zip(ats, seconds, strict=True) if not misses(names)])
        return sorted(at for at in rules if not any(map(misses, further.get(at, ()))))

    def depends_on(self, at: int, names: set[str]) -> bool:
        """Tell whether a rule's groups or exclusions name one of these features."""
        needed = (self._first[at], self._second[at], *self._further.get(at, ()))
        return not all(map(names.isdisjoint, (*needed, self._excluded.get(at, ()))))

    def is_excluded(self, at: int, found: set[str]) -> bool:
        """Tell whether a feature alone holds a rule back."""
        return at in self._excluded and not found.isdisjoint(self._excluded[at])

    def near(self, at: int) -> Sequence[Nearby]:
        """List the features that a candidate's query asks for near each other: all must hold."""
        return self._near.get(at, ())

    def left(self, at: int) -> Sequence[Node]:
        """List the parts of a candidate's query that no feature decides: all must hold."""
        return self._left.get(at, ())

    def barred(self, at: int) -> Sequence[Node]:
        """List the excluded parts that no feature decides: none may hold."""
        return self._barred.get(at, ())

    def _add(self, at: int, loaded: LoadedRule) -> None:
        excluded: Group = frozenset()
        needed: list[Group] = []
        near: list[Nearby] = []
        left: list[Node] = []
        for part in conjuncts(loaded.query):
            if (exact := exact_group(part)) is not None:
                needed.append(exact)
            elif isinstance(part, Not) and (without := exact_group(part.part)) is not None:
                excluded |= without
            elif isinstance(part, Near) and (within := _exact_groups(part)):
                needed += within
                shared = tuple(map(self._share, within))
                near.append(Nearby(shared, part.gap, part.is_ordered))
            else:
                left.append(part)
        further = {group for part in left for group in groups(part, joins_phrases=True)}
        needed += sorted(further, key=cost)[:MAX_GROUPS]
        without_each = [exact_group(node) for node in loaded.exclude]
        barred = [n for n, g in zip(loaded.exclude, without_each, strict=True) if g is None]
        excluded = excluded.union(*(group for group in without_each if group is not None))
        self._post(at, sorted(dict.fromkeys(needed), key=cost))
        self._excluded.update({at: self._share(excluded)} if excluded else {})
        self._near.update({at: tuple(near)} if near else {})
        self._left.update({at: tuple(left)} if left else {})
        self._barred.update({at: tuple(barred)} if barred else {})

    def _post(self, at: int, needed: Sequence[Group]) -> None:
        first, second, *further = [*map(self._share, needed), _NOTHING_MORE, _NOTHING_MORE]
        self._first.append(first)
        self._second.append(second)
        if len(needed) > 2:
            self._further[at] = tuple(further[:-2])
        if not needed:
            self.always.append(at)
        for name in first if needed else ():
            ats, seconds = self._postings.setdefault(name, ([], []))
            ats.append(at)
            seconds.append(second)

    def _share(self, group: Group) -> _Names:
        if group not in self._shared:
            names = self._names
            self._shared[group] = tuple(names.setdefault(name, name) for name in sorted(group))
        return self._shared[group]


def _exact_groups(near: Near) -> list[Group]:
    """Give the groups that say all that a near's parts ask for; none if one part has no such."""
    found = [exact_group(part) for part in near.parts]
    known = [group for group in found if group is not None]
    return known if len(known) == len(found) else []
