"""`monitor deliveries`, `monitor channels`, `monitor digest`: what goes out."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Sequence
from email import message_from_bytes, policy
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from monitor.app import open_ports, open_store, workspace_rules
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
from monitor.cli.wording import counted, local, moment
from monitor.clock import system_clock
from monitor.deliver.route import deliver
from monitor.digest.windows import LastSlot, Slot, due_slot, next_slot_at
from monitor.logs import configure_logs
from monitor.match.engine import Engine
from monitor.model.delivery import (
    Channel,
    DeliveryKind,
    DeliveryState,
    Message,
    Outcome,
    Owed,
    Result,
)
from monitor.model.keys import ChannelName, DeliveryKey
from monitor.model.notice import Digest, Window
from monitor.pipeline.compose import draft
from monitor.pipeline.ports import Ports
from monitor.pipeline.rendering import draw_mail
from monitor.render.channel_test import test_message
from monitor.render.templates import Templates
from monitor.settings import Settings
from monitor.store import attempts, channels, deliveries
from monitor.store.deliveries import DeliveryLine
from monitor.store.engine import Store, Tx
from monitor.workspace import read_templates

app = typer.Typer(help="Show what was sent or is owed, and send again.", no_args_is_help=True)
channels_app = typer.Typer(help="Show and try channels.", no_args_is_help=True)
digest_app = typer.Typer(help="Look at a digest before it leaves.", no_args_is_help=True)

ChannelArgument = Annotated[str, typer.Argument(help="A channel of monitor.yaml.")]


@app.command("list")
def list_deliveries(
    workspace: WorkspaceOption = Path(),
    state: Annotated[DeliveryState | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(help="Show at most so many.", min=1)] = 30,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, latest first."""
    with exits(), store_of(settings := settings_of(workspace)) as store, store.read() as tx:
        found = deliveries.listed(tx, state=state, limit=limit)
        if as_json:
            print_json(found)
            return
        created = f"created ({settings.zone})"
        table = Table("delivery", created, "channel", "to", "state", "tries", "what", box=None)
        for line in found:
            table.add_row(
                line.key[:11],
                local(line.created_at, settings.zone),
                line.channel,
                line.recipient,
                line.state.value,
                str(line.attempts + (line.state is DeliveryState.SENT)),
                line.subject or line.title,
            )
        out.print(table)
        talk.print("Next: monitor deliveries show DELIVERY")


@app.command("show")
def show(
    delivery: Annotated[str, typer.Argument(help="Its key, or the start of it.")],
    workspace: WorkspaceOption = Path(),
    body: Annotated[bool, typer.Option("--body", help="Print its bytes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show each try of a delivery, and its outlook."""
    with exits(), store_of(settings := settings_of(workspace)) as store, store.read() as tx:
        line = _find(tx, delivery)
        message = deliveries.message_of(tx, line.key)
        tries = attempts.listed(tx, line.key)
        if body:
            out.print((message.body if message else b"").decode("utf-8", "replace"), markup=False)
            return
        if as_json:
            print_json({"delivery": line, "attempts": tries})
            return
        out.print(f"{line.key}  {line.state.value}", style="bold", markup=False)
        out.print(
            f"  {line.channel} -> {line.recipient}: {line.subject or line.title}", markup=False
        )
        for one in tries:
            code = f" {one.code}" if one.code else ""
            at = local(one.started_at, settings.zone, "%Y-%m-%d %H:%M:%S")
            tried = f"  try {one.number}  {at} {settings.zone}  {one.result.value}{code}"
            out.print(tried, markup=False)
            out.print(f"      {one.reason}", markup=False)
            if one.answer:
                out.print(f"      it said: {one.answer[:500]}", markup=False)
        out.print(f"  {_outlook(line, settings.zone)}", markup=False)


def _find(tx: Tx, name: str) -> DeliveryLine:
    line = deliveries.find(tx, name)
    if line is None:
        fail(f"there is no delivery {name!r}; see: monitor deliveries list")
    return line


def _outlook(line: DeliveryLine, zone: str) -> str:
    if line.state is DeliveryState.DEAD:
        return f"given up: {line.last_error}; to revive: monitor deliveries resend {line.key}"
    if line.sent_at is not None:
        return f"accepted at {moment(line.sent_at, zone)}"
    return f"due at {moment(line.due_at, zone)}"


@app.command("resend")
def resend(
    names: Annotated[list[str] | None, typer.Argument(help="Keys, or the starts of them.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that were given up.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Make deliveries due again, with the same bytes and the same id."""
    with exits(), store_of(settings_of(workspace), is_writing=True) as store:
        with store.read() as tx:
            lines = [_find(tx, name) for name in names or ()]
            if dead:
                lines += _dead(tx)
        if not lines and not dead:
            fail("say which: keys, or --dead for all that were given up", USAGE)
        if dry_run:
            for line in lines:
                out.print(f"{line.key}  {line.recipient}  {line.title}", markup=False)
            talk.print(f"{len(lines)} would be sent again.")
            return
        now = system_clock()
        with store.write() as tx:
            revived = sum(deliveries.revive(tx, line.key, now=now) for line in lines)
            for line in lines:
                deliveries.hurry(tx, line.key, now=now)
            used = sorted({ChannelName(line.channel) for line in lines})
            stopped = [name for name in used if channels.read(tx, name).disabled_at]
        number = counted(len(lines), "delivery", "deliveries")
        verb = "is" if len(lines) == 1 else "are"
        out.print(f"{number} {verb} due now ({revived} revived)")
        for name in stopped:
            talk.print(f"{name} is stopped; first: monitor channels enable {name}", style="yellow")
        if len(stopped) < len(used):
            talk.print("A running monitor sends within a second; else: monitor run --once")


def _dead(tx: Tx) -> list[DeliveryLine]:
    """List what was given up, without what may have arrived: that must be asked for by name."""
    found = deliveries.listed(tx, state=DeliveryState.DEAD, limit=10_000)
    unknown = attempts.of_unknown_end(tx)
    sure = [line for line in found if line.key not in unknown]
    if open_count := len(found) - len(sure):
        talk.print(
            f"{counted(open_count, 'delivery', 'deliveries')} may have arrived (at_most_once) and "
            "stay as they are; name their keys to send them all the same",
            style="yellow",
        )
    return sure


@channels_app.command("list")
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


@channels_app.command("enable")
def enable(channel: ChannelArgument, workspace: WorkspaceOption = Path()) -> None:
    """Let a stopped channel go on. Its receiver had answered 410."""
    with exits():
        settings = settings_of(workspace)
        found = _channel(settings, channel)
        with store_of(settings, is_writing=True) as store, store.write() as tx:
            done = channels.enable(tx, found.name)
        out.print(f"{channel} goes on" if done else f"{channel} was not stopped", markup=False)


@channels_app.command("test")
def try_channel(
    channel: ChannelArgument,
    workspace: WorkspaceOption = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it, send nothing.")] = False,
) -> None:
    """Send a test through a channel and show what its receiver answered."""
    configure_logs()
    with exits():
        settings = strict_settings_of(workspace)
        found = _channel(settings, channel)
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


def _channel(settings: Settings, name: str) -> Channel:
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


@digest_app.command("preview")
def preview(
    channel: Annotated[
        str, typer.Argument(help="A channel with digests; default: the first.")
    ] = "",
    workspace: WorkspaceOption = Path(),
    html: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the next digest of a channel would say now; nothing is sent or noted."""
    configure_logs()
    with exits():
        settings = settings_of(workspace)
        names = [found.name for found in settings.channels if found.schedule]
        if not names:
            fail("no channel of monitor.yaml has a digest", USAGE)
        found = _channel(settings, channel or names[0])
        with store_of(settings) as store:
            asyncio.run(_preview(settings, store, found, html, as_json=as_json))


async def _preview(
    settings: Settings, store: Store, channel: Channel, html: Path | None, *, as_json: bool
) -> None:
    async with open_ports(settings, store, environ=os.environ) as ports:
        loaded = workspace_rules(settings)
        ports.current.engine = Engine(loaded.rules)
        digest = _draft(ports, channel)
        if digest is None:
            no_file = f" {html} was not written." if html else ""
            talk.print(
                f"{channel.name} has been told everything: its next digest is empty.{no_file}",
                markup=False,
            )
            return
        if as_json:
            print_json(digest)
            return
        templates = read_templates(settings.workspace)
        key, to = DeliveryKey("dl-preview"), channel.recipients[0]
        mail = draw_mail(templates, digest, key, to, channel.sender, channel.zone, None)
        if mail.fallback_reason:
            reason = f"This is the plain form, because of {mail.fallback_reason}"
            talk.print(reason, style="yellow", markup=False)
        if html:
            await asyncio.to_thread(html.write_text, mail.html, "utf-8")
            talk.print(f"Wrote {html}: open it in a browser.", markup=False)
            return
        parsed = message_from_bytes(mail.body, policy=policy.default)
        text = parsed.get_body(("plain",))
        out.print(f"Subject: {mail.subject}\n", style="bold", markup=False)
        out.print(text.get_content() if text else "", markup=False)


def _draft(ports: Ports, channel: Channel) -> Digest | None:
    """Draft the digest that would leave now: of the due slot, else of one made up for now."""
    now = ports.now()
    if channel.schedule is None:
        fail(f"{channel.name} has no digest schedule in monitor.yaml", USAGE)
    with ports.store.read() as tx:
        kept = channels.read(tx, channel.name)
        last = None
        if kept.last_slot and kept.last_slot_end:
            last = LastSlot(slot=kept.last_slot, ended_at=kept.last_slot_end)
        slot = due_slot(channel.schedule, last=last, now=now)
        if slot is None:
            start = kept.last_slot_end or now
            slot = Slot(
                key="preview", window=Window(start=start, end=now, zone=channel.schedule.zone)
            )
        digest, _ = draft(tx, ports, channel, slot, now)
    return digest
