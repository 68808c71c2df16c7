"""Say in sentences why an article stands in its story."""

from __future__ import annotations

from monitor.model.story import Contribution, Placement, Relation

_WORDS = {
    "text": "wording like the story's",
    "nearest_text": "wording like one of its articles",
    "shared": "telling words in common with one of its articles",
    "head_shared": "telling words in common with one of their openings",
    "title": "title like one of theirs",
    "names": "names in common",
    "names_told": "its opening's names told in the story",
    "core": "the story's main words found in it",
    "core_names": "the story's main names found in it",
    "covered": "its opening told in the story",
    "covers": "the story's opening told in it",
    "deeds": "openings alike beside the names",
    "spelling": "names that sound the same",
    "numbers": "numbers in common",
    "gap": "time since the story's nearest article",
    "age": "age of the story",
    "crowd": "likeness of other stories",
}
_REPEATS = {
    Relation.SAME: "is the same article as {near}: equal address or equal text",
    Relation.COPY: "is a copy of {near}: {share} of the shorter text's passages are shared",
    Relation.EXCERPT: "is an excerpt of {near}, or the reverse: {share} of the shorter is shared",
    Relation.UPDATE: "is a newer version of {near} from the same source: {share} is shared",
}


def explain_placement(placement: Placement) -> tuple[str, ...]:
    """Explain a placement in whole sentences: what decided, in common, and what came nearest."""
    if placement.relation in _REPEATS:
        line = _REPEATS[placement.relation]
        near = placement.nearest or "one held before"
        return (f"joined because it {line.format(near=near, share=f'{placement.score:.0%}')}",)
    lines = [_verdict(placement)]
    if reasons := [_reason(one) for one in placement.contributions if one.name in _WORDS]:
        lines.append("strongest reasons: " + "; ".join(reasons))
    if placement.shared_terms:
        lines.append("terms in common: " + ", ".join(placement.shared_terms))
    lines += [
        f"continues {placement.continues or 'a story'}, which began {one.value:.0f} days away: "
        "too old to join"
        for one in placement.contributions
        if one.name == "continues"
    ]
    if any(one.name == "elsewhere" for one in placement.contributions):
        lines.append("names another place or party where the story it is most like names its own")
    if placement.rejected is not None:
        story, score = placement.rejected
        sign = "<" if score < placement.threshold else ">="
        lines.append(
            f"nearest story it did not join: {story} "
            f"({score:.2f} {sign} {placement.threshold:.2f})"
        )
    return tuple(lines)


def _verdict(placement: Placement) -> str:
    numbers = f"{placement.score:.2f}, threshold {placement.threshold:.2f}, {placement.model}"
    if placement.relation is Relation.EVENT:
        return f"joined because it reports the same event ({numbers})"
    if placement.rejected is None:
        return "opened a story: no open story shares its telling terms"
    if any(one.name == "elsewhere" for one in placement.contributions):
        return f"opened a story: the one most like it is of another event ({numbers})"
    return f"opened a story: no open story is like enough (best {numbers})"


def _reason(one: Contribution) -> str:
    return f"{_WORDS[one.name]} {one.weight:+.1f}"
