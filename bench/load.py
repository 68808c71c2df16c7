"""Measure what it costs to load the rules of a workspace, all of them and after an edit.

    python bench/load.py [--docs FILE] [--rules N] [--json] [--keep]

FILE holds JSON Lines, {id, title, body}; rules are made up of its words (see _rules.py) and lie in
a folder, 100 to a file and one to a file; every tenth has its names in one of 20 lists. Without
--rules 1,000 and 10,000 are measured. One thread, CPU time, medians of the rounds; each begins
with reading the files.

cold_s          all rules, as at a start (`load_rules` without lint)
check_s         all rules, as `monitor rules check` does it, with lint (once)
edit_s          the load after one file of rules was edited, with the memory of the load before
list_edit_s     the same after one list was edited, which a 200th of the rules use
engine_s        `Engine(rules)`, which follows each load
ready_s         edit_s + engine_s: from an edit to the new rules in force
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from _lab import ROOT, show
from _rules import Draft, drafts

from monitor.match.engine import Engine
from monitor.match.load import LoadedRules, load_rules
from monitor.match.memory import Memory
from monitor.model.keys import ChannelName
from monitor.workspace import read_rules

SHARED = Path(os.environ.get("MONITOR_TEST_SHARED", ROOT.parent / "shared"))
DOCS = SHARED / "data" / "articles" / "articles.jsonl"
SERIES = (1_000, 10_000)
PER_FILE = (100, 1)
LISTS = 20
LISTED_EVERY = 10  # rules
ROUNDS = 3
CHANNELS = {ChannelName("desk"): True}


def write_rules(folder: Path, made: Sequence[Draft], per_file: int) -> None:
    """Write the rules, and the lists that some of them use."""
    (folder / "rules" / "lists").mkdir(parents=True)
    for at in range(LISTS):
        terms = "".join(f"  - '{_quoted(term)}'\n" for term in made[at].names)
        _list_of(folder, at).write_text(f"title: List {at}\nterms:\n{terms}", "utf-8")
    for start in range(0, len(made), per_file):
        rules = [_rule(at, made[at]) for at in range(start, min(start + per_file, len(made)))]
        _file_of(folder, start).write_text("---\n".join(rules), "utf-8")


def _file_of(folder: Path, start: int) -> Path:
    return folder / "rules" / f"rules-{start:06}.yaml"


def _list_of(folder: Path, at: int) -> Path:
    return folder / "rules" / "lists" / f"list-{at}.yaml"


def _rule(at: int, draft: Draft) -> str:
    """Write a rule as an editor would, with named lines and a test."""
    who = " OR ".join(map(_quoted, draft.names))
    if at % LISTED_EVERY == 0:
        who = f"$list-{at // LISTED_EVERY % LISTS}"
    what = " OR ".join(draft.context)
    match = f"  who: '{who}'\n  what: '{what}'\n"
    if draft.gap is not None:
        match = f"  beside: '({who}) NEAR/{draft.gap} ({what})'\n"
    exclude = f"exclude: [{', '.join(draft.excluded)}]\n" if draft.excluded else ""
    head = f"id: rule-{at}\ntitle: {draft.names[0]} in the news\nlabels: {{topic: press}}\n"
    tests = f"tests:\n  match: ['{draft.names[0]} and {draft.context[0].strip('*')}']\n"
    return f"{head}match:\n{match}{exclude}tell: {{desk: digest}}\n{tests}"


def _quoted(term: str) -> str:
    return f'"{term}"' if " " in term else term


def load(folder: Path, memory: Memory | None = None, *, lints: bool = False) -> LoadedRules:
    """Load the folder's rules, from the bytes of their files on."""
    rules, lists = read_rules(folder)
    return load_rules(
        rules.texts,
        lists.texts,
        channels=CHANNELS,
        workspace_has=lambda path: (folder / path).exists(),
        lints=lints,
        memory=memory,
    )


def measure(folder: Path, count: int, per_file: int) -> dict[str, object]:
    """Measure one folder: in each round a cold load and two edits."""
    memory = Memory()
    found = load(folder, memory)
    assert len(found.rules) == count, found.errors[:3]
    taken: dict[str, list[float]] = {}
    _take(taken, "check_s", lambda: load(folder, lints=True))
    for at in range(ROUNDS):
        _take(taken, "cold_s", lambda: load(folder))
        _edit(_file_of(folder, 0), "in the news", f"in the news {at}")
        _take(taken, "edit_s", lambda: load(folder, memory))
        _edit(_list_of(folder, 1), "terms:", f"terms:\n  - Zyx{at}")
        _take(taken, "list_edit_s", lambda: load(folder, memory))
        rules = load(folder, memory).rules
        _take(taken, "engine_s", lambda rules=rules: Engine(rules))
    medians = {name: round(statistics.median(seconds), 3) for name, seconds in taken.items()}
    ready_s = round(medians["edit_s"] + medians["engine_s"], 3)
    return {"rules": count, "per_file": per_file, **medians, "ready_s": ready_s}


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")


def _take(taken: dict[str, list[float]], name: str, work: Callable[[], object]) -> None:
    start = time.thread_time()
    work()
    taken.setdefault(name, []).append(time.thread_time() - start)


def measure_all(docs: Path, counts: Sequence[int]) -> list[dict[str, object]]:
    """Measure each number of rules, in many files and in few."""
    with docs.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    made = list(drafts([f"{row['title']}\n{row['body']}" for row in rows], max(counts)))
    runs = []
    for count in counts:
        for per_file in PER_FILE:
            with tempfile.TemporaryDirectory() as name:
                write_rules(Path(name), made[:count], per_file)
                runs.append(measure(Path(name), count, per_file))
    return runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one number of rules, or the series."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--docs", type=Path, default=DOCS, help="JSON Lines: {id, title, body}")
    parser.add_argument("--rules", type=int, help=f"how many; without it {SERIES}")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--keep", action="store_true", help="keep them in bench/results")
    options = parser.parse_args(arguments)
    counts = SERIES if options.rules is None else (options.rules,)
    figures: dict[str, object] = {
        "docs": options.docs.name,
        "runs": measure_all(options.docs, counts),
    }
    show("load", figures, as_json=options.json, is_kept=options.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
