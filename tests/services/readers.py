"""Consumers' own programs, fed with what we send: npm's libraries and mutt, on this machine."""

from __future__ import annotations

import base64
import json
import os
import pty
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

NODE = Path(__file__).parent / "node"
MUTT = shutil.which("mutt")

_MUTTRC = """\
set charset="utf-8"
set folder="{folder}"
set pipe_decode=yes
set pipe_split=no
set wait_key=no
set quit=yes
set wrap_headers=998
ignore *
unignore subject
push "<tag-pattern>~A<enter><tag-prefix><pipe-entry>cat > {out}<enter><exit>"
"""


def is_node_ready() -> bool:
    """Tell whether npm has installed what the scripts need (npm ci in tests/services/node)."""
    return shutil.which("node") is not None and (NODE / "node_modules").is_dir()


def run_node(script: str, lines: Iterable[str]) -> list[str]:
    """Feed lines to a script of tests/services/node; give the lines it answers."""
    done = subprocess.run(
        ["node", str(NODE / script)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.split("\n")[:-1]


def mailparser(mails: Sequence[bytes]) -> list[dict[str, Any]]:
    """Read mails by npm's mailparser: names of headers, subject, from, text."""
    lines = (base64.b64encode(mail).decode("ascii") for mail in mails)
    return [json.loads(line) for line in run_node("read_mails.mjs", lines)]


def mutt_subjects(mails: Sequence[bytes], folder: Path) -> list[str]:
    """Read mails by mutt in a terminal, and give the subjects as it decodes them."""
    box, out, rc = folder / "box", folder / "out", folder / "muttrc"
    with box.open("wb") as file:
        for mail in mails:
            file.write(b"From x@example.org Mon Nov 23 00:00:00 2026\n")
            file.write(mail.replace(b"\r\n", b"\n") + b"\n")
    rc.write_text(_MUTTRC.format(folder=folder, out=out))
    _in_terminal(["mutt", "-n", "-R", "-F", str(rc), "-f", str(box)], folder)
    lines = out.read_bytes().decode("utf-8").split("\n")
    return [line.removeprefix("Subject: ") for line in lines if line.startswith("Subject: ")]


def _in_terminal(command: list[str], home: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        environ = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": str(home)}
        os.execvpe(command[0], command, environ)
    try:
        while os.read(terminal, 65_536):
            pass
    except OSError:  # it has ended
        pass
    finally:
        os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0
