"""`monitor deliveries`: what was sent or is owed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from monitor.cli.options import (
    USAGE,
    JsonOption,
    WorkspaceOption,
    exits,
    fail,
    out,
    print_json,
    settings_of,
    store_of,
    talk,
)
from monitor.cli.wording import counted, local, moment
from monitor.clock import system_clock
from monitor.model.delivery import DeliveryState
from monitor.model.keys import ChannelName
from monitor.store import attempts, channels, deliveries
from monitor.store.deliveries import DeliveryLine
from monitor.store.engine import Tx

app = typer.Typer(help="Show what was sent or is owed, and send again.", no_args_is_help=True)


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
