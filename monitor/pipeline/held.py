"""Have an index of stories hold articles where the tables seat them."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.group.index import StoryIndex
from monitor.memory import collector_at_rest
from monitor.store import articles, profiles
from monitor.store.engine import Store
from monitor.store.profiles import Kept, OpenSeat

AT_ONCE = 400  # seats: by half as many a takeover takes a tenth longer; all may be read anew


@collector_at_rest()
def hold(store: Store, index: StoryIndex, seats: Sequence[OpenSeat]) -> dict[int, Kept]:
    """Hold articles again as they were placed; give what had to be read anew.

    What grouping read of an article is stored; where it is not, or was read by other rules than
    ours, the article is read anew.
    """
    ids = [seat.article_id for seat in seats]
    with store.read() as tx:
        kept = profiles.read(tx, ids)
        found = {
            number: packed
            for number, one in kept.items()
            if one.profile is not None and (packed := index.read_stored(one.profile))
        }
        unread = [number for number in ids if number in kept and number not in found]
        texts = dict(articles.read_many(tx, unread)) if unread else {}
    found |= {number: index.read(article) for number, article in texts.items()}
    index.restore_all(
        [
            (found[seat.article_id], seat.story, seat.relation)
            for seat in seats
            if seat.article_id in found
        ]
    )
    return {
        number: Kept(kept[number].revision, index.stored(article.key))
        for number, article in texts.items()
    }
