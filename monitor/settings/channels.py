"""Read the channels of monitor.yaml and the mail server they use."""

from __future__ import annotations

import re
from dataclasses import replace

from monitor.model.delivery import Channel, ChannelKind, Schedule
from monitor.model.keys import ChannelName
from monitor.model.network import ReturnPath, Smtp, SmtpSecurity
from monitor.model.problem import Severity
from monitor.settings import checks
from monitor.settings.fields import Section
from monitor.settings.values import SecretText
from monitor.text.yaml_nodes import Entry, Mapping, problem_at

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_KEYS = (
    "kind",
    "path",
    "to",
    "from",
    "url",
    "url_file",
    "secret",
    "secret_file",
    "zone",
    "digest",
    "at_most_once",
)
_KEYS_OF_KIND = {
    ChannelKind.FILE: ("path",),
    ChannelKind.EMAIL: ("to", "from"),
    ChannelKind.WEBHOOK: ("url", "url_file", "secret", "secret_file"),
}
_DEFAULT_PORTS = {
    SmtpSecurity.STARTTLS: 587,
    SmtpSecurity.TLS: 465,
    SmtpSecurity.NONE: 25,
}
_WEBHOOK_CURE = "write an http(s) URL without user and password"
_SECRET_CURE = 'write the output of: echo "whsec_$(head -c 32 /dev/urandom | base64)"'
_CRON_CURE = 'write five fields, such as "0 8 * * mon-fri" (minute hour day month weekday)'
ZONE_CURE = "write an IANA zone, such as Asia/Karachi or UTC"


def read_channels(top: Section, zone: str) -> tuple[Channel, ...]:
    """Read `channels:`; those with a defect are left out and their problems listed."""
    channels = (_channel(top, entry, zone) for entry in top.entries("channels"))
    found = tuple(channel for channel in channels if channel)
    if not found and not top.desk.problems:
        what, cure = (
            "no channel is set: nobody will be told",
            "add one below `channels:`",
        )
        warning = problem_at(
            top.node, what, cure, code="settings-no-channel", severity=Severity.WARNING
        )
        top.desk.warnings.append(warning)
    return found


def named_channels(top: Section, *, is_broken: bool) -> dict[ChannelName, bool] | None:
    """Give the channels that are written, sound or not, and whether each has a digest.

    None if they cannot be read: they are no mapping, or do not show in a broken file.
    """
    written = top.value("channels")
    if not isinstance(written, Mapping):
        return None if is_broken or written is not None else {}
    return {
        ChannelName(entry.key.text): isinstance(entry.value, Mapping)
        and entry.value.get("digest") is not None
        for entry in written.entries
    }


def read_smtp(top: Section) -> Smtp | None:
    """Read `smtp:`; the port defaults to the usual one of the security."""
    part = top.section("smtp")
    if part is None:
        return None
    host = part.checked("host", checks.host_name, "write a host name or an address")
    security = part.choice("security", SmtpSecurity) or SmtpSecurity.STARTTLS
    port = part.number("port", 1, 65_535) or _DEFAULT_PORTS[security]
    username, password = part.text("username"), part.secret("password")
    return_path = part.choice("return_path", ReturnPath) or ReturnPath.VERP
    part.finish()
    if part.node.get("host") is None:
        part.complain("host", "smtp has no host", "add `host:`, such as localhost")
    if password and part.node.get("username") is None:
        part.complain("password", "smtp has a password but no username", "add `username:`")
    return Smtp(
        host=host or "",
        port=port,
        security=security,
        username=username or "",
        password=SecretText(password or ""),
        return_path=return_path,
    )


def _channel(top: Section, entry: Entry, zone: str) -> Channel | None:
    desk, name = top.desk, entry.key.text
    if not _NAME.fullmatch(name):
        what = f"'{name[:60]}' cannot name a channel"
        cure = "use a-z, 0-9, _ and -, beginning with a letter"
        desk.complain(entry.key, what, cure, code="settings-channel-name")
    if not isinstance(entry.value, Mapping):
        cure = f"write `{name}: {{kind: file, path: data/mail}}`"
        desk.complain(
            entry.value,
            f"channel '{name}' must be a mapping",
            cure,
            code="settings-type",
        )
        return None
    part = Section(desk, entry.value, f"channel '{name}'")
    before = len(desk.problems)
    kind = part.choice("kind", ChannelKind)
    if kind is None:
        if part.node.get("kind") is None:
            part.complain("kind", f"channel '{name}' has no kind", "add file, email or webhook")
        return None
    own_zone = part.checked("zone", checks.zone_name, ZONE_CURE) or zone
    schedule, channel = _schedule(part, own_zone), ChannelName(name)
    made = _MAKERS[kind](part, channel, schedule, own_zone)
    at_most_once = part.boolean("at_most_once") or False
    _refuse_foreign_keys(part, kind)
    if made is None or len(desk.problems) > before:
        return None
    return replace(made, at_most_once=at_most_once)


def _schedule(part: Section, zone: str) -> Schedule | None:
    digest = part.section("digest")
    if digest is None:
        return None
    fault = checks.cron_fault(digest.text("cron") or "")
    cron = digest.checked("cron", checks.cron_line, fault or _CRON_CURE)
    own = digest.checked("zone", checks.zone_name, ZONE_CURE)
    digest.finish()
    if digest.node.get("cron") is None:
        digest.complain("cron", "the digest has no cron line", _CRON_CURE)
    return Schedule(cron=cron, zone=own or zone) if cron else None


def _file_channel(
    part: Section, name: ChannelName, schedule: Schedule | None, zone: str
) -> Channel | None:
    path = part.text("path")
    if path is None and part.node.get("path") is None:
        part.complain("path", f"channel '{name}' has no path", "add `path: data/mail`")
    where = str(part.desk.path_of(path)) if path else ""
    return Channel(name=name, kind=ChannelKind.FILE, schedule=schedule, zone=zone, path=where)


def _email_channel(
    part: Section, name: ChannelName, schedule: Schedule | None, zone: str
) -> Channel | None:
    cure = "write an address, such as desk@example.org"
    to: list[str] = []
    before = part.desk.faults
    for node, text in part.texts("to"):
        address = checks.mailbox(text)
        if address is None:
            part.desk.complain(node, "this is no email address", cure, code="settings-to")
        elif checks.address_of(address) in map(checks.address_of, to):
            part.desk.complain(
                node, "this address stands here twice", "remove one", code="settings-to"
            )
        else:
            to.append(address)
    sender = part.checked("from", checks.mailbox, cure)
    for key in ("to", "from"):
        if part.node.get(key) is None:
            part.complain(key, f"channel '{name}' has no '{key}'", f"add `{key}:` and an address")
    if part.node.get("to") is not None and not to and part.desk.faults == before:
        part.complain("to", "'to' is empty", cure)
    return Channel(
        name=name,
        kind=ChannelKind.EMAIL,
        schedule=schedule,
        zone=zone,
        to=tuple(to),
        sender=sender or "",
    )


def _webhook_channel(
    part: Section, name: ChannelName, schedule: Schedule | None, zone: str
) -> Channel | None:
    values: dict[str, str] = {}
    for key, check, cure in (
        ("url", checks.web_url, _WEBHOOK_CURE),
        ("secret", checks.webhook_secret, _SECRET_CURE),
    ):
        text = part.secret(key)
        values[key] = (check(text) if text else None) or ""
        if text and not values[key]:  # never show it: it may be a secret
            part.complain(key, f"the {key} of channel '{name}' is not valid", cure)
        if part.node.get(key) is None and part.node.get(f"{key}_file") is None:
            part.complain(key, f"channel '{name}' has no {key}", cure)
    return Channel(
        name=name,
        kind=ChannelKind.WEBHOOK,
        schedule=schedule,
        zone=zone,
        url=SecretText(values["url"]),
        secret=SecretText(values["secret"]),
    )


_MAKERS = {
    ChannelKind.FILE: _file_channel,
    ChannelKind.EMAIL: _email_channel,
    ChannelKind.WEBHOOK: _webhook_channel,
}


def _refuse_foreign_keys(part: Section, kind: ChannelKind) -> None:
    """Tell a key of another kind ('secret' in a file channel) from a mistyped one."""
    part.finish(extra=_KEYS)
    for other, keys in _KEYS_OF_KIND.items():
        for entry in part.node.entries:
            if other is not kind and entry.key.text in keys:
                what = f"'{entry.key.text}' belongs to a channel of kind {other}, not {kind}"
                part.desk.complain(entry.key, what, "remove it", code="settings-foreign-key")
