"""Describe an alert: a rule and a story worth telling, with the reason; or why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.keys import AlertKey, ArticleKey, RuleId, StoryId


class Reason(StrEnum):
    """Name why an alert was raised, or why there was none."""

    NEW_STORY = "new_story"  # the rule's first match in this story
    DEVELOPMENT = "development"  # no copy, from a source not yet in the story
    EVERY = "every"  # the rule asks for each further article
    # why there is none
    TOLD_ONCE = "told_once"  # again: never
    COPY = "copy"  # the article repeats one that the story has
    KNOWN_SOURCE = "known_source"  # its source, house or agency is in the story already
    ALREADY_RAISED = "already_raised"  # this very article raised one before
    TOO_OLD = "too_old"  # a baseline or look-back article older than `backfill`


RAISES = frozenset({Reason.NEW_STORY, Reason.DEVELOPMENT, Reason.EVERY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Tell a rule's channels of a story, because of one article.

    `generation` is 1 for the first of its rule and story. `is_quiet` alerts (a baseline, a rule's
    look-back) enter digests only, never `now`.
    """

    key: AlertKey
    rule_id: RuleId
    story: StoryId
    generation: int
    article: ArticleKey
    reason: Reason
    raised_at: datetime
    is_quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Say why no alert was raised."""

    rule_id: RuleId
    story: StoryId
    article: ArticleKey
    reason: Reason
