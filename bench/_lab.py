"""What the benchmarks share: the machine's name, made-up news, a site in a process of its own."""

from __future__ import annotations

import json
import math
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"

sys.path.insert(0, str(ROOT))


def machine() -> str:
    """Name the processor, the Python and the day."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    cpu = names[0] if names else platform.processor() or platform.machine()
    cores = os.cpu_count() or 1
    return f"{cpu}, {cores} cores, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"


def keep(name: str, figures: dict[str, object]) -> None:
    """Keep a benchmark's last result, with the machine and the date."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine(), **figures}, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n", "utf-8")


def show(name: str, figures: dict[str, object], *, as_json: bool, is_kept: bool) -> None:
    """Print a benchmark's figures, and keep them if that is wished."""
    if is_kept:
        keep(name, figures)
    print(json.dumps(figures, indent=None if as_json else 1))
    if not as_json:
        print(machine(), file=sys.stderr)


def kept(name: str) -> dict[str, object]:
    """Give a benchmark's last result without the machine and the date; {} if there is none."""
    path = RESULTS / f"{name}.json"
    found: dict[str, object] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    found.pop("machine", None)
    return found


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process and of all that it started, alive or collected (Linux)."""
    return cpu_of([pid])[0]


def cpu_of(pids: Sequence[int]) -> list[float]:
    """Give the CPU times of several processes, each with all that it started, at one moment."""
    ticks = os.sysconf("SC_CLK_TCK")
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        number = int(entry.name)
        children.setdefault(int(fields[1]), []).append(number)
        used[number] = sum(map(int, fields[11:15])) / ticks
    return [_of_family(pid, children, used) for pid in pids]


def _of_family(pid: int, children: dict[int, list[int]], used: dict[int, float]) -> float:
    below = sum(_of_family(child, children, used) for child in children.get(pid, ()))
    return used.get(pid, 0.0) + below


class News:
    """Make up news that looks like news to the parser, the matcher and the grouping.

    Ordinary words come as often as in the shipped background of real news; nine in a hundred are
    rare ones, made of syllables. Each event has names of its own, so reports of one event are
    alike and reports of two are not.
    """

    def __init__(self, seed: int = 1) -> None:
        """The same seed gives the same news."""
        self._chance = random.Random(seed)
        text = (ROOT / "monitor" / "group" / "background.json").read_text("utf-8")
        shares = {word: n for word, n in json.loads(text)["per_mille"].items() if word.isascii()}
        syllables = [a + b for a in "bcdfghjklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an")]
        rare = {"".join(self._chance.choices(syllables, k=3 + n % 2)) for n in range(30_000)}
        self._rare = sorted(rare - shares.keys())
        odds = [-math.log(1.0005 - share / 1000) for share in shares.values()]  # of Poisson's law
        each = sum(odds) / 10 / len(self._rare)
        self._words = [*shares, *self._rare]
        self._weights = list(accumulate([*odds, *[each] * len(self._rare)]))

    def words(self, count: int) -> list[str]:
        """Draw words."""
        return self._chance.choices(self._words, cum_weights=self._weights, k=count)

    def names(self, count: int) -> list[str]:
        """Draw names that nobody else has, more or less."""
        return [word.title() for word in self._chance.choices(self._rare, k=count)]

    def title(self, names: list[str]) -> str:
        """Write a headline of about nine words."""
        words = self.words(7)
        for at, name in zip((0, 4), names, strict=False):
            words.insert(at, name)
        return " ".join(words).capitalize()

    def text(self, names: list[str], words: int) -> str:
        """Write a report of so many words that mentions the names now and then."""
        sentences = []
        while words > 0:
            sentence = self.words(min(18, words))
            if names:
                sentence.insert(self._chance.randrange(len(sentence)), self._chance.choice(names))
            sentences.append(" ".join(sentence).capitalize() + ".")
            words -= 18
        return " ".join(sentences)


@contextmanager
def program(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run another Python program that answers on stdout; it is ended with the block."""
    process = subprocess.Popen(
        [sys.executable, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
