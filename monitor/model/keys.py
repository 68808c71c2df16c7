"""Name the keys, and compute those that are computed from facts (DESIGN.md, decision 3).

A computed key is lower-case hex of a SHA-256, cut to 128 bits, over its parts joined by NUL: the
same facts give the same key in every process, so a retry cannot make a second row.
"""

from __future__ import annotations

import hashlib
from typing import NewType

ArticleKey = NewType("ArticleKey", str)
StoryId = NewType("StoryId", str)
AlertKey = NewType("AlertKey", str)
DeliveryKey = NewType("DeliveryKey", str)
RuleId = NewType("RuleId", str)
Revision = NewType("Revision", str)
ChannelName = NewType("ChannelName", str)
SourceKey = NewType("SourceKey", str)
WorkspaceId = NewType("WorkspaceId", str)


def digest_of(*parts: str) -> str:
    """Hash parts into 32 hex characters."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]


def article_key(feed: str, identity: str) -> ArticleKey:
    """Key an article by its feed and its guid, else canonical link, else title and day."""
    return ArticleKey(digest_of("article", feed, identity))


def story_id(first: ArticleKey, *again: str) -> StoryId:
    """Name a story after the article that opened it.

    `again` tells apart the stories that one article has opened: its own, and those it was the
    first of after a split.
    """
    return StoryId("sto_" + digest_of("story", first, *again)[:20])


def alert_key(rule: RuleId, story: StoryId, generation: int) -> AlertKey:
    """Key an alert; `generation` counts from 1."""
    return AlertKey(digest_of("alert", rule, story, str(generation)))


def delivery_key(
    workspace: WorkspaceId, channel: ChannelName, recipient: str, occasion: str
) -> DeliveryKey:
    """Key a delivery by whom it goes to and its occasion: an alert's key or a digest's slot.

    `workspace` keeps the keys of two workspaces apart: a receiver drops what it has seen. The key
    holds only `[a-z0-9-]`, so it is a valid `webhook-id` and the left part of a `Message-ID`.
    """
    return DeliveryKey("dl-" + digest_of("delivery", workspace, channel, recipient, occasion))
