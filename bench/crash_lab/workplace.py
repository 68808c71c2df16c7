"""Write the workspace that the lives run on."""

from __future__ import annotations

from pathlib import Path

from services.product import SECRET

from crash_lab.wants import EVENING, KINDS, RULES
from crash_lab.world import World

CRON = "* * * * *"


def write_workspace(folder: Path, world: World, *, papers: int, lease_seconds: int) -> None:
    """Write monitor.yaml, sources.yaml, the rules, and a seed of each kind; the world is open."""
    sender = '"Media Monitor <monitor@example.org>"'
    _write(
        folder / "monitor.yaml",
        f"""\
channels:
  mailbox: {{kind: file, path: data/mail, digest: {{cron: "{CRON}"}}}}
  newsroom: {{kind: webhook, url: "{world.hook_url}", secret: "{SECRET}"}}
  desk: {{kind: email, to: [desk@example.org], from: {sender}}}
  evening: {{kind: email, to: [{", ".join(EVENING)}], from: {sender}, digest: {{cron: "{CRON}"}}}}
smtp: {{host: 127.0.0.1, port: {world.smtp_port}, security: none}}
defaults: {{tell: {{mailbox: digest}}, again: never}}
network: {{allow_private: ["127.0.0.0/8"]}}
limits: {{lease_seconds: {lease_seconds}, full_text_chars: 1}}
""",
    )
    lines = [
        f"  p{n}: {{name: Paper {n}, domains: [paper{n}.test], feeds: ['{world.feed_url(n)}']}}"
        for n in range(papers)
    ]
    _write(folder / "sources.yaml", "\n".join(["sources:", *lines, ""]))
    for rule, tell in RULES.items():
        text = f"title: Watch {rule}\nmatch: {{what: {rule}}}\ntell: {tell}\n"
        _write(folder / "rules" / f"{rule}.yaml", f"{text}tests:\n  match: [{rule}]\n")
    write_seeds(folder, world)


def write_seeds(folder: Path, world: World) -> None:
    """Put a seed of each kind into the workspace; `run` reads them while it runs, too."""
    for kind in KINDS:
        name, text = world.seed(kind)
        _write(folder / "seeds" / name, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
