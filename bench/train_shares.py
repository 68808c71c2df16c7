"""Count in how many articles each word of the press stands, to look rules up by rare ones.

    python bench/train_shares.py FILE

FILE holds JSON Lines, {id, title, body}. Writes monitor/match/shares.json: the folded words that
stand in at least two articles of a thousand, and in how many of a thousand.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from _lab import ROOT

from monitor.text.tokens import tokenize

LEAST_PER_MILLE = 2
TARGET = ROOT / "monitor" / "match" / "shares.json"


def main(path: Path) -> None:
    """Count the words of a file and write the table."""
    seen: Counter[str] = Counter()
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    for row in rows:
        tokens = tokenize(f"{row['title']}\n\n{row['body']}", lang="en")
        seen.update({form for token in tokens for form in (token.folded, *token.variants)})
    shares = {word: round(1000 * n / len(rows)) for word, n in sorted(seen.items())}
    kept = {word: share for word, share in shares.items() if share >= LEAST_PER_MILLE}
    text = json.dumps({"per_mille": kept}, ensure_ascii=False, indent=0)
    TARGET.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
