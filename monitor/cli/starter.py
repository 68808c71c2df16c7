"""Name the files that `monitor init` copies: those the project ships, whatever lies beside."""

from __future__ import annotations

import shutil
from pathlib import Path

from monitor.workspace import starter

SHIPPED = (
    "monitor.yaml",
    "sources.yaml",
    "rules/meta-pakistan-office.yaml",
    "rules/rule.schema.json",
    "rules/list.schema.json",
    "rules/lists/meta.yaml",
    "rules/lists/pakistan.yaml",
    "seeds/000_bac8cd6f87cc7eac.txt",
    "seeds/002_731ff99ee9420260.txt",
    "seeds/README.md",
    "templates/alert.html.j2",
    "templates/alert.txt.j2",
    "templates/digest.html.j2",
    "templates/digest.txt.j2",
    "templates/parts.html.j2",
    "templates/parts.txt.j2",
)
"""What stands in a repository's own workspace besides is its user's, and copied to nobody."""


_NO_SOURCES = """\
# Who publishes, and the feeds that are polled. Add one: monitor sources add URL
sources:
"""
_EMPTY = tuple(
    name for name in SHIPPED if name.startswith("templates/") or name.endswith((".json", ".md"))
)
"""What an empty start keeps besides monitor.yaml: no feed, no rule, no list, no seed."""


def copy_starter(folder: Path, *, is_empty: bool = False) -> None:
    """Copy the shipped files into a folder; an empty start has settings and templates alone."""
    for name in ("monitor.yaml", *_EMPTY) if is_empty else SHIPPED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(starter() / name, target)
    if is_empty:
        (folder / "sources.yaml").write_text(_NO_SOURCES, "utf-8")
