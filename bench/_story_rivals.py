"""Group articles in the simple ways that bench/stories.py measures the product beside."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

from monitor.group.words import cut, fold
from monitor.model.article import Article

Labels = list[str]
WINDOW_SECONDS = 7 * 86_400
CENTROID_THRESHOLDS = (0.14, 0.18, 0.22, 0.26, 0.30, 0.36)
SIMHASH_BITS = 64
SIMHASH_DISTANCE = 3  # Manku, Jain, Das Sarma 2007
SIMHASH_GRAM = 3  # words


def by_title(articles: Sequence[Article]) -> Labels:
    """Group by equal titles, folded; an article without one stands alone."""
    return [" ".join(map(fold, cut(a.title))) or str(a.key) for a in articles]


def by_simhash(articles: Sequence[Article]) -> Labels:
    """Group by fingerprints of 64 bits, with the nearest earlier article at most 3 bits away."""
    labels: Labels = []
    marks: list[int] = []
    for article in articles:
        mark = _simhash(article)
        distances = [(mark ^ other).bit_count() for other in marks]
        nearest = min(range(len(marks)), key=distances.__getitem__, default=-1)
        is_like = nearest >= 0 and distances[nearest] <= SIMHASH_DISTANCE
        labels.append(labels[nearest] if is_like else str(article.key))
        marks.append(mark)
    return labels


def _simhash(article: Article) -> int:
    words = [word.casefold() for word in cut(f"{article.title} {article.body[:5000]}")]
    runs = [" ".join(words[i : i + SIMHASH_GRAM]) for i in range(max(1, len(words) - 2))]
    sums = [0] * SIMHASH_BITS
    for run in runs:
        digest = int.from_bytes(blake2b(run.encode("utf-8", "replace"), digest_size=8).digest())
        for bit in range(SIMHASH_BITS):
            sums[bit] += 1 if digest >> bit & 1 else -1
    return sum(1 << bit for bit, total in enumerate(sums) if total > 0)


def by_centroid(articles: Sequence[Article], threshold: float) -> Labels:
    """Group by plain TF-IDF cosine to a story's centroid, frequencies counted as they come."""
    seen: Counter[str] = Counter()
    stories: list[tuple[Counter[str], float, float]] = []  # sum, length, last moment
    labels: Labels = []
    for n, article in enumerate(articles, 1):
        terms = Counter(map(fold, cut(f"{article.title} {article.body[:2500]}")))
        seen.update(terms.keys())
        raw = {t: (1 + math.log(c)) * math.log((n + 1) / seen[t]) for t, c in terms.items() if t}
        length = math.sqrt(sum(v * v for v in raw.values())) or 1.0
        vector = {t: v / length for t, v in raw.items()}
        now = article.published_at.timestamp()
        best, best_at = threshold, -1
        for i, (total, norm, last) in enumerate(stories):
            if now - last <= WINDOW_SECONDS:
                cosine = sum(v * total[t] for t, v in vector.items() if t in total) / norm
                if cosine >= best:
                    best, best_at = cosine, i
        total = stories[best_at][0] if best_at >= 0 else Counter()
        for t, v in vector.items():
            total[t] += v  # type: ignore[assignment]
        entry = (total, math.sqrt(sum(v * v for v in total.values())) or 1.0, now)
        if best_at >= 0:
            stories[best_at] = entry
        else:
            stories.append(entry)
            best_at = len(stories) - 1
        labels.append(str(best_at))
    return labels
