"""`monitor digest`: look at a digest before it leaves."""

from __future__ import annotations

import asyncio
import os
from email import message_from_bytes, policy
from pathlib import Path
from typing import Annotated

import typer

from monitor.app import open_ports, workspace_rules
from monitor.cli.channels import find_channel
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
from monitor.digest.windows import LastSlot, Slot, due_slot
from monitor.logs import configure_logs
from monitor.match.engine import Engine
from monitor.model.delivery import Channel
from monitor.model.keys import DeliveryKey
from monitor.model.notice import Digest, Window
from monitor.pipeline.compose import draft
from monitor.pipeline.ports import Ports
from monitor.pipeline.rendering import draw_mail
from monitor.settings import Settings
from monitor.store import channels
from monitor.store.engine import Store
from monitor.workspace import read_templates

app = typer.Typer(help="Look at a digest before it leaves.", no_args_is_help=True)


@app.command("preview")
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
        found = find_channel(settings, channel or names[0])
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
