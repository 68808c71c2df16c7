"""Run the product as its users do: a workspace of files, and the command line in a process."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

RULE = """\
title: An office of Acme in Karachi
match:
  who: Acme
  what: office NEAR/6 open*
tell: {%s}
tests:
  match: [Acme will open an office]
"""


@dataclass
class Workspace:
    """Be a workspace in a folder; all that a test does not say is sensible."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the workspace."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        return target

    def configure(
        self,
        *,
        webhook: str = "",
        smtp_port: int = 0,
        feeds: Mapping[str, str] | None = None,
        tell: str = "mailbox: digest",
        extra: str = "",
    ) -> None:
        """Write monitor.yaml, sources.yaml (key to feed address) and one rule."""
        channels = ['  mailbox: {kind: file, path: data/mail, digest: {cron: "*/15 * * * *"}}']
        if webhook:
            channels.append(f'  newsroom: {{kind: webhook, url: "{webhook}", secret: "{SECRET}"}}')
        if smtp_port:
            sender = '"Media Monitor <monitor@example.org>"'
            channels.append(f"  desk: {{kind: email, to: [desk@example.org], from: {sender}}}")
            extra += f"\nsmtp: {{host: localhost, port: {smtp_port}, security: none}}"
        self.write(
            "monitor.yaml",
            "channels:\n"
            + "\n".join(channels)
            + "\ndefaults: {tell: {mailbox: digest}}\n"
            + 'network: {allow_private: ["127.0.0.0/8", "::1/128"]}\n'
            + extra
            + "\n",
        )
        lines = [
            f"  {key}: {{name: {key.title()}, domains: [{key}.test], feeds: ['{url}']}}"
            for key, url in (feeds or {}).items()
        ]
        body = "\n".join(lines) if lines else "  {}"
        self.write("sources.yaml", f"sources:\n{body}\n")
        self.write("rules/acme.yaml", RULE % tell)

    def run(self, *arguments: str, failpoint: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self._environ(failpoint),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def start(
        self,
        *arguments: str,
        failpoint: str = "",
        stdin: int | None = subprocess.DEVNULL,
        stderr: IO[str] | int = subprocess.PIPE,
        under: Sequence[str] = (),
    ) -> subprocess.Popen[str]:
        """Start a command and leave it running; its stderr is a pipe, if not said otherwise.

        `under` are the words of a program that runs it, such as strace.
        """
        return subprocess.Popen(
            [*under, *self.command(*arguments)],
            env=self._environ(failpoint),
            cwd=self.folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    @contextmanager
    def on_terminal(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
        """Start a command whose stderr is a terminal; give it, and what the terminal shows."""
        ours, terminal = pty.openpty()
        plain = replace(self, environment={**self.environment, "TERM": "dumb"})
        with plain.start(*arguments, stderr=terminal) as process:
            os.close(terminal)
            with os.fdopen(ours, encoding="utf-8") as shown:
                yield process, shown

    def command(self, *arguments: str) -> list[str]:
        """Give the words of a command."""
        return [sys.executable, "-m", "monitor", *arguments]

    def json(self, *arguments: str) -> Any:
        """Run a command with --json and read its answer."""
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def mails(self) -> list[Path]:
        """List the mails in the workspace's Maildir."""
        return sorted((self.folder / "data" / "mail" / "new").glob("*.eml"))

    def _environ(self, failpoint: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "MONITOR" not in name}
        armed = {"MONITOR_FAILPOINT": failpoint} if failpoint else {}
        return {**kept, **armed, **self.environment}


def item(name: str, *, host: str, title: str, body: str, day: str = "") -> str:
    """Write an RSS item; its address lies at `host`."""
    date = f"<pubDate>{day}</pubDate>" if day else ""
    return (
        f"<item><guid>{name}</guid><link>https://{host}/{name}</link><title>{title}</title>"
        f"<description>{body}</description>{date}</item>"
    )


def rss(*items: str, title: str = "News", lang: str = "en") -> str:
    """Write an RSS document."""
    head = (
        f"<title>{title}</title><link>https://example.test/</link><description/>"
        f"<language>{lang}</language>"
    )
    return f'<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'
