"""Find the rules that an article's features do not rule out, and what is left to be judged."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import compress
from typing import NamedTuple

from monitor.match.necessary import MAX_GROUPS, Group, conjuncts, exact_group, groups
from monitor.match.shares import cost
from monitor.match.tree import Copies, LoadedRule, Near, Node, Not, Or

Numbers = tuple[int, ...]
"""Features of a group, by their numbers."""

ANYTHING = 0
"""The number of what every article has."""
NOTHING = 0xFFFF_FFFF
"""The number of what no article has."""
_NOTHING_MORE: Numbers = (ANYTHING,)

MAX_POSTED = 4  # features of a second group: more of them stand as one


class Nearby(NamedTuple):
    """Ask for a feature of each group within `gap` tokens of the next, in one field."""

    groups: tuple[Numbers, ...]
    gap: int
    is_ordered: bool


class Rest(NamedTuple):
    """Be what is asked of a candidate beyond its first groups and one excluded feature.

    An article must hold a feature of each group in `further` and none in `excluded`; all of `near`
    must hold. No feature decides of the others: each in `left` must hold, none in `barred` may.
    """

    further: tuple[Numbers, ...] = ()
    excluded: Numbers = ()
    near: tuple[Nearby, ...] = ()
    left: tuple[Node, ...] = ()
    barred: tuple[Node, ...] = ()


NO_REST = Rest()


class Index:
    """Post each rule under its rarest necessary group; the next decides about most rules.

    A part of a rule that a group says exactly is decided by it; the others are judged on the text.
    A posting names a feature of the second group beside each rule. Where that group is wide it
    stands there itself, so that what is posted of a rule grows with its words and no faster.

    Of a hundred thousand rules each object is somewhere else in memory, and to fetch one takes
    longer than all that is done with it. So features and rules are numbers here, and what decides
    about most rules stands in rows of plain numbers.
    """

    def __init__(self, rules: Iterable[LoadedRule], asked: Iterable[str] = ()) -> None:
        """`names[n]` is the feature with the number n; those that are `asked` have one too.

        A text whose pick-up is `watched`, and by which alone a rule is looked up, is a feature
        too: the prints of each stand by its number.
        """
        self.always: list[int] = []
        self.rests: list[Rest] = []
        self.names = [""]
        self.watched: dict[int, frozenset[int]] = {}
        self._numbers = {"": ANYTHING}
        self._begun: dict[int, tuple[array[int], array[int]]] = {}
        self._wide: dict[int, tuple[array[int], list[Numbers]]] = {}
        self._first: list[Numbers] = []
        self._second: list[Numbers] = []
        self._excluded = array("I")
        self._shared: dict[Group, Numbers] = {}
        for at, loaded in enumerate(rules):
            self._add(at, loaded)
        for name in asked:
            self._number(name)
        self._is_posted = [number in self._begun for number in range(len(self.names))]
        self._rows = self._laid_out()
        del self._begun, self._shared, self._numbers

    def candidates(self, found: set[int], unsure: AbstractSet[int] = frozenset()) -> list[int]:
        """List the rules that these features do not rule out at a glance, ascending.

        Those of them that are `unsure` rule nothing out.
        """
        found.add(ANYTHING)
        common, misses = found.intersection, found.isdisjoint
        rules = set(self.always)
        starts, ats, seconds = self._rows
        for number in compress(found, map(self._is_posted.__getitem__, found)):
            begin, end = starts[number], starts[number + 1]
            for second in common(seconds[begin:end]):
                first = bisect_left(seconds, second, begin, end)
                rules.update(ats[first : bisect_right(seconds, second, first, end)])
        for some, wide in filter(None, map(self._wide.get, found)) if self._wide else ():
            rules.update([at for at, group in zip(some, wide, strict=True) if not misses(group)])
        excluded, sure = self._excluded, found - unsure if unsure else found
        return sorted([at for at in rules if excluded[at] not in sure])

    def depends_on(self, at: int, found: set[int]) -> bool:
        """Tell whether a rule's groups or exclusions name one of these features."""
        rest = self.rests[at]
        needed = (self._first[at], self._second[at], *rest.further, rest.excluded)
        return self._excluded[at] in found or not all(map(found.isdisjoint, needed))

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
        if not needed:
            needed += [self._watch(texts) for part in left if (texts := _texts(part))]
        without_each = [exact_group(node) for node in loaded.exclude]
        barred = [n for n, g in zip(loaded.exclude, without_each, strict=True) if g is None]
        excluded = excluded.union(*(group for group in without_each if group is not None))
        beyond = self._post(at, sorted(dict.fromkeys(needed), key=cost))
        first, *others = self._share(excluded) or (NOTHING,)
        self._excluded.append(first)
        rest = Rest(beyond, tuple(others), tuple(near), tuple(left), tuple(barred))
        self.rests.append(rest if any(rest) else NO_REST)

    def _post(self, at: int, needed: Sequence[Group]) -> tuple[Numbers, ...]:
        """Post a rule under the first of its groups; give those behind the second."""
        first, second, *further = [*map(self._share, needed), _NOTHING_MORE, _NOTHING_MORE]
        self._first.append(first)
        self._second.append(second)
        if not needed:
            self.always.append(at)
        elif len(second) > MAX_POSTED:
            for number in first:
                ats, wide = self._wide.setdefault(number, (array("I"), []))
                ats.append(at)
                wide.append(second)
        else:
            some = (at,) * len(second)
            for number in first:
                ats, seconds = self._begun.setdefault(number, (array("I"), array("I")))
                ats.extend(some)
                seconds.extend(second)
        return tuple(further[:-2])

    def _laid_out(self) -> tuple[array[int], array[int], array[int]]:
        """Lay all postings behind each other, each sorted by the features beside the rules.

        Give where the posting of each feature starts, the rules, and the features beside them.
        """
        starts, all_ats, all_seconds = array("I"), array("I"), array("I")
        for number in range(len(self.names)):
            starts.append(len(all_ats))
            ats, seconds = self._begun.get(number, ((), ()))
            order = sorted(range(len(ats)), key=seconds.__getitem__)
            all_ats.extend(map(ats.__getitem__, order))
            all_seconds.extend(map(seconds.__getitem__, order))
        starts.append(len(all_ats))
        return starts, all_ats, all_seconds

    def _watch(self, texts: Sequence[Copies]) -> Group:
        """Have a feature for each of some watched texts; no word is named so."""
        names = {"\0" + text.text_hash: text.prints for text in texts}
        self.watched.update((self._number(name), prints) for name, prints in names.items())
        return frozenset(names)

    def _share(self, group: Group) -> Numbers:
        """Give the numbers of a group's features; those of equal groups are one."""
        if group not in self._shared:
            self._shared[group] = tuple(map(self._number, sorted(group)))
        return self._shared[group]

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number


def _texts(node: Node) -> list[Copies]:
    """Give the watched texts of which a node asks for one; none if it asks for something else."""
    if not isinstance(node, Or):
        return [node] if isinstance(node, Copies) else []
    found = [_texts(part) for part in node.parts]
    return [text for texts in found for text in texts] if all(found) else []


def _exact_groups(near: Near) -> list[Group]:
    """Give the groups that say all that a near's parts ask for; none if one part has no such."""
    found = [exact_group(part) for part in near.parts]
    known = [group for group in found if group is not None]
    return known if len(known) == len(found) else []
