"""`monitor channels`: show, try and enable channels."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from monitor.app import open_ports, open_store
from monitor.cli.options import (
    FAILED,
    USAGE,
    JsonOption,
    WorkspaceOption,
    exits,
    fail,
    out,
    print_json,
    settings_of,
    store_of,
    strict_settings_of,
    talk,
)
from monitor.cli.wording import moment
from monitor.clock import system_clock
from monitor.deliver.route import deliver
from monitor.digest.windows import next_slot_at
from monitor.logs import configure_logs
from monitor.model.delivery import (
    Channel,
    DeliveryKind,
    Message,
    Outcome,
    Owed,
    Result,
)
from monitor.model.keys import DeliveryKey
from monitor.render.channel_test import test_message
from monitor.render.templates import Templates
from monitor.settings import Settings
from monitor.store import channels
from monitor.workspace import read_templates

app = typer.Typer(help="Show and try channels.", no_args_is_help=True)

ChannelArgument = Annotated[str, typer.Argument(help="A channel of monitor.yaml.")]


@app.command("list")
def list_channels(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """List channels and their next digests."""
    with exits():
        settings = settings_of(workspace)
        lines = [_channel_line(settings, channel) for channel in settings.channels]
        if as_json:
            print_json(lines)
            return
        goes_to = Column("goes to", overflow="fold")
        table = Table("channel", "kind", goes_to, "digests", "next", "state", box=None)
        for line in lines:
            table.add_row(*(str(value) for value in line.values()))
        out.print(table)
        talk.print("Next: monitor channels test CHANNEL")


def _channel_line(settings: Settings, channel: Channel) -> dict[str, str]:
    now = system_clock()
    upcoming = next_slot_at(channel.schedule, now) if channel.schedule else None
    state = "ok"
    database = settings.database_url.removeprefix("sqlite:///")
    if not settings.database_url.startswith("sqlite") or Path(database).exists():
        with store_of(settings) as store, store.read() as tx:
            kept = channels.read(tx, channel.name)
        if kept.disabled_at:
            state = f"stopped: {kept.disabled_reason}"
        elif kept.paused_until and kept.paused_until > now:
            state = f"waits until {moment(kept.paused_until, settings.zone)}"
    return {
        "channel": channel.name,
        "kind": channel.kind.value,
        "goes_to": ", ".join(channel.to) or channel.url or channel.path,
        "digests": f"{channel.schedule.cron} {channel.schedule.zone}" if channel.schedule else "",
        "next": moment(upcoming, settings.zone) if upcoming else "",
        "state": state,
    }


@app.command("enable")
def enable(channel: ChannelArgument, workspace: WorkspaceOption = Path()) -> None:
    """Let a stopped channel go on. Its receiver had answered 410."""
    with exits():
        settings = settings_of(workspace)
        found = find_channel(settings, channel)
        with store_of(settings, is_writing=True) as store, store.write() as tx:
            done = channels.enable(tx, found.name)
        out.print(f"{channel} goes on" if done else f"{channel} was not stopped", markup=False)


@app.command("test")
def try_channel(
    channel: ChannelArgument,
    workspace: WorkspaceOption = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it, send nothing.")] = False,
) -> None:
    """Send a test through a channel and show what its receiver answered."""
    configure_logs()
    with exits():
        settings = strict_settings_of(workspace)
        found = find_channel(settings, channel)
        outcomes = asyncio.run(_try(settings, found, is_dry=dry_run))
        for recipient, outcome in outcomes:
            code = f" {outcome.code}" if outcome.code else ""
            style = "green" if outcome.result is Result.SENT else "red"
            text = f"{recipient}: {outcome.result.value}{code}: {outcome.reason}"
            out.print(text, style=style, markup=False)
            if outcome.answer:
                out.print(f"    it said: {outcome.answer[:500]}", markup=False)
        if any(outcome.result is not Result.SENT for _, outcome in outcomes):
            raise typer.Exit(FAILED)


def find_channel(settings: Settings, name: str) -> Channel:
    """Give a channel of monitor.yaml; ends the command if there is none of that name."""
    for channel in settings.channels:
        if channel.name == name:
            return channel
    there = ", ".join(channel.name for channel in settings.channels)
    text = (settings.workspace / "monitor.yaml").read_text("utf-8", "replace")
    if re.search(rf"^\s*#\s*{re.escape(name)}:", text, re.MULTILINE):
        fail(f"{name} is a comment: take the comments off `{name}` in monitor.yaml", USAGE)
    return fail(f"there is no channel {name!r}; there are: {there}", USAGE)


async def _try(
    settings: Settings, channel: Channel, *, is_dry: bool
) -> Sequence[tuple[str, Outcome]]:
    store = open_store(settings)
    outcomes = []
    async with open_ports(settings, store, environ=os.environ) as ports:
        for recipient in channel.recipients:
            key = DeliveryKey(f"dl-test-{secrets.token_hex(8)}")
            message = test_message(
                channel,
                recipient=recipient,
                delivery=key,
                now=ports.now(),
                public_url=settings.web.public_url,
                templates=Templates(read_templates(settings.workspace)),
            )
            if is_dry:
                out.print(message.body.decode("utf-8", "replace"), markup=False)
                continue
            owed = _owed(channel, recipient, key, message)
            now = ports.now()
            outcomes.append((recipient, await deliver(owed, ports.network.connections, now=now)))
    store.close()
    return outcomes


def _owed(channel: Channel, recipient: str, key: DeliveryKey, message: Message) -> Owed:
    return Owed(
        key=key,
        channel=channel,
        recipient=recipient,
        kind=DeliveryKind.TEST,
        message=message,
        attempts=0,
    )
