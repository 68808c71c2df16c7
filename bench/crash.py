"""Kill the monitor thousands of times and show that nothing is lost and nothing told twice.

    python bench/crash.py [--json] [--engine sqlite] [--mode failpoint] [--kills 300] [--seed 1]
                          [--rounds 10] [--keep]     seeds 1 to 10, kept summed after each round
    python bench/crash.py --bugs [no-fence ...]      plant bugs: each must be found
    python bench/crash.py --chaos [--minutes 10]     kill the PostgreSQL server instead

Real processes run `monitor run` on a real workspace, poll real feeds over HTTP, send real mails
and webhooks to servers on loopback, and are killed by SIGKILL: at random times, at the named
failpoints, and at the k-th executed line of the core (`pipeline/`, `store/`). SQLite has one
process at a time, PostgreSQL three at once, each killed and replaced on its own. In the end lives
that nobody kills finish the work, and the verdict compares what had to be told with what
arrived and with what the database says; its words are defined in `crash_lab/verdict.py`. Red, and
exit 1, is anything lost, anything told under two ids, any violation of the state, and any message
sent again without a kill inside its acknowledgement window.

Lives are forked from one process that has imported everything, and pauses are shortened
(`crash_lab/tempo.py`). The seed decides what is published and how each life is to die; the
machine's timing still has its say, so a seed repeats a campaign's plan, not its every step.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from _lab import ROOT, cpu_seconds, keep, machine
from crash_lab import tempo
from crash_lab.bugs import BUGS
from crash_lab.campaign import Campaign, Terms
from crash_lab.life import live
from crash_lab.plans import MODES
from crash_lab.verdict import Verdict
from crash_lab.zygote import Zygote

ENGINES = ("sqlite", "postgresql")
WORKERS = 3
PAPERS = {"sqlite": 4, "postgresql": 8}
FIGURES = (
    "killed",
    "wanted",
    "messages",
    "lost",
    "doubled",
    "resends",
    "caught",
    "kills_in_window",
    "unexcused",
    "parked",
    "violations",
)


def main() -> int:
    """Run what was asked for, print, and give the exit code."""
    options = _options()
    print(f"seed {options.seed}", file=sys.stderr)
    started_at = time.monotonic()
    tempo.warm_up()
    tempo.quicken()
    kind, run = _kind(options)
    found: dict[str, dict[str, Any]] = {}
    for seed in range(options.seed, options.seed + options.rounds):
        options.seed = seed
        found = _summed(found, run(options))
        if options.keep:
            keep(kind, {"commit": _commit(), "last_seed": seed, **found})
    killed = sum(one["killed"] for one in found.values())
    _say(f"{killed} kills in {time.monotonic() - started_at:.0f} s, CPU {_cpu(killed)} s each")
    is_red = any(one["is_wrong"] for one in found.values())
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print(machine())
        for name, one in found.items():
            _print(name, one)
        print("RED" if is_red else "green")
    return int(is_red)


def _kind(
    options: argparse.Namespace,
) -> tuple[str, Callable[[argparse.Namespace], dict[str, dict[str, Any]]]]:
    """Give the name of what is run, and how."""
    if options.bugs is not None:
        return "crash-bugs", run_bugs
    if options.chaos:
        return "crash-chaos", run_chaos
    engine = f"-{options.engine}" if options.engine else ""
    return f"crash{engine}", run_campaigns


def _summed(
    before: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Add a round's figures to those before; what was red stays red."""
    if not before:
        return found
    return {name: _added(before[name], one) for name, one in found.items()}


def _added(before: Any, one: Any) -> Any:
    """Add figures, join lists and mappings; of anything else the later one holds."""
    if isinstance(one, bool):
        return before or one
    if isinstance(one, int | float) and isinstance(before, int | float):
        return round(before + one, 1)
    if isinstance(one, list) and isinstance(before, list):
        return before + one
    if isinstance(one, dict) and isinstance(before, dict):
        return before | {
            name: _added(before[name], value) if name in before else value
            for name, value in one.items()
        }
    return one


def run_campaigns(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Run a campaign for each engine and mode, some side by side."""
    engines = [options.engine] if options.engine else list(ENGINES)
    modes = [options.mode] if options.mode else list(MODES)
    share = max(1, -(-options.kills // len(modes)))
    plans = [
        Terms(
            engine=engine,
            mode=mode,
            kills=share,
            seed=options.seed,
            slots=WORKERS if engine == "postgresql" else 1,
            papers=PAPERS[engine],
            lease_seconds=options.lease,
        )
        for engine in engines
        for mode in modes
    ]
    with _stage(len(plans), options, has_server="postgresql" in engines) as stage:
        zygotes, folder, database = stage

        def run(number: int) -> tuple[str, Verdict]:
            terms = plans[number]
            where = folder / terms.name.replace(" ", "-")
            where.mkdir()
            if terms.engine == "postgresql":
                terms = replace(terms, url=database())
            return terms.name, Campaign(terms, zygotes[number], where, _say).run()

        with ThreadPoolExecutor(options.jobs) as pool:
            verdicts = list(pool.map(run, range(len(plans))))
    return {name: {"is_wrong": v.is_red, **v.as_json()} for name, v in verdicts}


def run_bugs(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Play each bug's scene without it, which must be green, and with it, which must be red."""
    from crash_lab.scenes import SCENES, Stage

    chosen = options.bugs or list(BUGS)
    found: dict[str, dict[str, Any]] = {}
    with _stage(1, options, has_server=True) as (zygotes, folder, database):
        for bug in chosen:
            for planted in ("", bug):
                where = folder / f"{bug}-{'planted' if planted else 'clean'}"
                where.mkdir()
                stage = Stage(
                    zygote=zygotes[0],
                    folder=where,
                    say=_say,
                    seed=options.seed,
                    database=database,
                    bug=planted,
                )
                begun_at = time.monotonic()
                verdict = SCENES[bug](stage)
                verdict.seconds = round(time.monotonic() - begun_at, 1)
                name = f"{bug}, planted" if planted else f"{bug}, not planted"
                is_wrong = verdict.is_red != bool(planted)
                found[name] = {"is_wrong": is_wrong, **verdict.as_json()}
                _say(f"{name}: {'RED' if verdict.is_red else 'green'}{' (WRONG)' * is_wrong}")
    return found


def run_chaos(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Kill, promote and cut off PostgreSQL servers under three workers that nobody kills."""
    from crash_lab.chaos import CHAOS, Ordeal

    names = [options.ordeal] if options.ordeal else list(CHAOS)
    found: dict[str, dict[str, Any]] = {}
    with _stage(1, options, has_server=False) as (zygotes, folder, _):
        for name in names:
            where = folder / name.replace(" ", "-")
            where.mkdir()
            ordeal = Ordeal(
                zygote=zygotes[0],
                folder=where,
                say=_say,
                seed=options.seed,
                seconds=60 * options.minutes,
            )
            verdict = CHAOS[name](ordeal)
            found[name] = {"is_wrong": verdict.is_red, **verdict.as_json()}
    return found


@contextmanager
def _stage(
    zygotes: int, options: argparse.Namespace, *, has_server: bool
) -> Iterator[tuple[list[Zygote], Path, Callable[[], str]]]:
    """Give zygotes, a folder, and a maker of empty PostgreSQL databases."""
    from services.postgres import OwnServer, database_on

    made = [Zygote(live) for _ in range(zygotes)]  # forks: before any thread is started
    with ExitStack() as stack:
        for zygote in made:
            stack.callback(zygote.close)
        if options.folder:
            folder = Path(tempfile.mkdtemp(prefix="crash-", dir=options.folder))
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-")))
        server = stack.enter_context(OwnServer()) if has_server else None

        def database() -> str:
            assert server is not None
            return stack.enter_context(database_on(server))

        yield made, folder, database


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _print(name: str, one: dict[str, Any]) -> None:
    colour = "RED" if one["is_red"] else "green"
    figures = "  ".join(f"{figure} {one[figure]}" for figure in FIGURES)
    print(f"{name.ljust(32)} {colour.ljust(5)} {figures}  {one['seconds']} s")
    for what, found in one["faults"].items():
        print(f"    {what}: {'; '.join(found)}")


def _cpu(kills: int) -> float:
    return round(cpu_seconds(os.getpid()) / max(1, kills), 2)


def _commit() -> str:
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--engine", choices=ENGINES, help="only this one; both by default")
    parser.add_argument("--mode", choices=MODES, help="only this one; all by default")
    parser.add_argument("--kills", type=int, default=300, help="for each engine")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="so many, each with the next seed")
    parser.add_argument("--lease", type=int, default=5, help="seconds; a slow machine needs more")
    parser.add_argument("--jobs", type=int, default=2, help="campaigns side by side")
    parser.add_argument("--bugs", nargs="*", choices=list(BUGS), help="plant these, or all")
    parser.add_argument("--chaos", action="store_true", help="kill the PostgreSQL server")
    parser.add_argument("--ordeal", help="only this one of the chaos")
    parser.add_argument("--minutes", type=float, default=10, help="of each ordeal")
    parser.add_argument("--folder", help="keep the workspaces and logs below this folder")
    parser.add_argument("--keep", action="store_true", help="keep the result in bench/results/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
