"""Load the whole configuration, and name everything that is wrong with it at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from monitor.errors import ConfigError
from monitor.model.delivery import Channel, ChannelKind
from monitor.model.keys import ChannelName
from monitor.model.network import Limits, NetworkPolicy
from monitor.model.problem import Problem
from monitor.model.retention import LEAST_ARTICLES, LEAST_OTHERS, Retention
from monitor.model.rule import Again, Tell
from monitor.model.source import Source
from monitor.settings import checks
from monitor.settings.channels import ZONE_CURE, named_channels, read_channels, read_smtp
from monitor.settings.database import database_url
from monitor.settings.fields import ENVIRONMENT, Desk, Section
from monitor.settings.sources import read_sources
from monitor.settings.values import Defaults, Reading, SecretText, Settings, Web
from monitor.text.yaml_nodes import Entry, Scalar, YamlNode, did_you_mean
from monitor.text.yaml_nodes import Mapping as YamlMapping
from monitor.text.yaml_reader import read_yaml

CONFIG_FILE = "monitor.yaml"
SOURCES_FILE = "sources.yaml"
REVISION = "MONITOR_REVISION"
"""The variable that an image names its commit in."""

_MAX_NETWORKS = 100


def load_settings(workspace: Path, environ: Mapping[str, str]) -> Settings:
    """Read monitor.yaml, sources.yaml and the environment, which beats the files.

    Raises ConfigError with every problem of all three at once.
    """
    reading = read_settings(workspace, environ)
    if problems := (*reading.problems, *reading.unset):
        raise ConfigError(tuple(sorted(problems, key=_by_place)))
    return reading.settings


def read_settings(workspace: Path, environ: Mapping[str, str]) -> Reading:
    """Read what can be read of them, with every problem.

    Raises ConfigError if there is no monitor.yaml: then this is no workspace.
    """
    workspace = workspace.absolute()
    if not (workspace / CONFIG_FILE).is_file():
        what = f"there is no {CONFIG_FILE} in {workspace}"
        cure = f"make a workspace with `monitor init {workspace}`, or name one with --workspace"
        problem = Problem(file=CONFIG_FILE, what=what, cure=cure, code="settings-missing")
        raise ConfigError((problem,))
    data_dir = workspace / environ.get("MONITOR_DATA", "").strip()
    if data_dir == workspace:
        data_dir = workspace / "data"
    desk = Desk(environ=environ, workspace=workspace, data_dir=data_dir)
    top = _top(desk)
    is_broken = bool(desk.problems)  # it is no YAML, or no mapping
    sources = read_sources(desk, _document(desk, SOURCES_FILE))
    before = desk.faults
    url = database_url(desk, top.section("database"))
    is_database_known = desk.faults == before
    settings = _settings(desk, top, sources, url)
    return Reading(
        settings=settings,
        problems=tuple(sorted(desk.problems, key=_by_place)),
        unset=tuple(sorted(desk.unset, key=_by_place)),
        channels=named_channels(top, is_broken=is_broken),
        is_database_known=is_database_known,
    )


def _by_place(problem: Problem) -> tuple[int, int, int]:
    files = (CONFIG_FILE, SOURCES_FILE, ENVIRONMENT)
    return files.index(problem.file), problem.line, problem.column


def _document(desk: Desk, name: str) -> YamlNode | None:
    """Read the one document of a file; an absent one is an empty one."""
    try:
        raw = (desk.workspace / name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        desk.problems.append(
            Problem(
                file=name,
                what=what,
                cure="check its permissions",
                code="settings-unreadable",
            )
        )
        return None
    found = read_yaml(name, raw)
    desk.problems += found.problems
    return found.documents[0] if found.documents else None


def _top(desk: Desk) -> Section:
    document = _document(desk, CONFIG_FILE)
    if document is not None and not isinstance(document, YamlMapping):
        cure = "begin with a line such as `channels:`"
        desk.complain(document, "this is no configuration", cure, code="settings-type")
    if not isinstance(document, YamlMapping):
        document = YamlMapping(file=CONFIG_FILE, line=0, column=0, entries=())
    return Section(desk, document, CONFIG_FILE)


def _settings(desk: Desk, top: Section, sources: tuple[Source, ...], url: str) -> Settings:
    zone = top.checked("zone", checks.zone_name, ZONE_CURE) or "UTC"
    channels, smtp = read_channels(top, zone), read_smtp(top)
    _need_smtp(top, channels, has_smtp=smtp is not None)
    settings = Settings(
        workspace=desk.workspace,
        data_dir=desk.data_dir,
        database_url=url,
        channels=channels,
        smtp=smtp,
        defaults=_defaults(top),
        zone=zone,
        retention=_retention(top),
        web=_web(top),
        network=_network(top),
        limits=_limits(top),
        sources=sources,
        warnings=tuple(desk.warnings),
    )
    top.finish()
    return settings


def _need_smtp(top: Section, channels: tuple[Channel, ...], *, has_smtp: bool) -> None:
    for channel in channels:
        if channel.kind is ChannelKind.EMAIL and not has_smtp and top.node.get("smtp") is None:
            entry = next(e for e in top.entries("channels") if e.key.text == channel.name)
            what = f"channel '{channel.name}' sends email, but there is no smtp section"
            cure = "add `smtp: {host: localhost, port: 587, security: starttls}`"
            top.desk.complain(entry.key, what, cure, code="settings-smtp")


def _defaults(top: Section) -> Defaults:
    part = top.section("defaults")
    if part is None:
        return Defaults()
    again, backfill = part.choice("again", Again), part.duration("backfill")
    tell = _tell(part, top)
    part.finish()
    usual = Defaults()
    return Defaults(
        tell=tell,
        again=again or usual.again,
        backfill=usual.backfill if backfill is None else backfill,
    )


def _tell(part: Section, top: Section) -> tuple[tuple[ChannelName, Tell], ...]:
    """Read `defaults.tell`; a channel that is written but has a defect counts as known."""
    known = {entry.key.text: entry.value for entry in top.entries("channels")}
    section = part.section("tell")
    if section is None:
        return ()
    tell: list[tuple[ChannelName, Tell]] = []
    for entry in section.node.entries:
        name = entry.key.text
        when = section.choice(name, Tell)
        if name not in known:
            near = did_you_mean(name, known)
            cure = f"did you mean '{near}'?" if near else "add it below `channels:`"
            what = f"unknown channel '{name[:60]}'"
            top.desk.complain(entry.key, what, cure, code="settings-tell")
            continue
        channel = known[name]
        has_digest = isinstance(channel, YamlMapping) and channel.get("digest") is not None
        if when in (Tell.DIGEST, Tell.BOTH) and not has_digest:
            what = f"channel '{name}' has no digest schedule"
            cure = f'give it `digest: {{cron: "0 8 * * *"}}`, or write `{name}: now`'
            top.desk.complain(entry.value, what, cure, code="settings-tell")
        if when is not None:
            tell.append((ChannelName(name), when))
    return tuple(tell)


def _retention(top: Section) -> Retention:
    part = top.section("retention")
    if part is None:
        return Retention()
    kept = {item.name: part.duration(item.name) for item in dataclasses.fields(Retention)}
    part.finish()
    for name, span in kept.items():
        least = LEAST_ARTICLES if name == "articles" else LEAST_OTHERS
        if span is not None and span < least:
            span_name = "a day" if least.days == 1 else f"{least.days} days"
            what = f"'{name}' is kept for less than {span_name}"
            why = (
                " (a story is open for 14, a digest may be monthly)" if name == "articles" else ""
            )
            part.complain(name, what, f"write at least {least.days}d{why}")
    return Retention(**{name: span for name, span in kept.items() if span is not None})


def _web(top: Section) -> Web:
    part = top.section("web") or Section(top.desk, _empty(), "web")
    host = part.checked("host", checks.host_name, "write a host name or an address")
    port = part.number("port", 0, 65_535)
    public = part.checked("public_url", checks.public_url, "write an http(s) URL")
    part.finish()
    given = Section(top.desk, _from_environment(top.desk.environ), ENVIRONMENT)
    host = given.checked("MONITOR_HOST", checks.host_name, "set a host name or address") or host
    given_port = given.number("MONITOR_PORT", 0, 65_535)
    port = port if given_port is None else given_port
    public = given.checked("MONITOR_PUBLIC_URL", checks.public_url, "set an http(s) URL") or public
    return Web(
        host=host or "127.0.0.1",
        port=8080 if port is None else port,
        is_port_set=port is not None,
        public_url=public,
        revision=top.desk.environ.get(REVISION) or None,
    )


def _empty() -> YamlMapping:
    return YamlMapping(file=CONFIG_FILE, line=0, column=0, entries=())


def _from_environment(environ: Mapping[str, str]) -> YamlMapping:
    """Show our variables as a mapping, so that they are read and checked as a file is."""

    def scalar(text: str) -> Scalar:
        return Scalar(file=ENVIRONMENT, line=0, column=0, text=text)

    names = ("MONITOR_HOST", "MONITOR_PORT", "MONITOR_PUBLIC_URL")
    found = [(name, environ[name].strip()) for name in names if environ.get(name, "").strip()]
    entries = tuple(Entry(key=scalar(name), value=scalar(text)) for name, text in found)
    return YamlMapping(file=ENVIRONMENT, line=0, column=0, entries=entries)


def _network(top: Section) -> NetworkPolicy:
    part = top.section("network")
    if part is None:
        return NetworkPolicy()
    proxy = part.secret("proxy")
    if proxy is not None and checks.proxy_url(proxy) is None:
        part.complain("proxy", "the proxy is not valid", "write http://host:port")
    ca_file = part.text("ca_file")
    path = part.desk.path_of(ca_file) if ca_file else None
    if path is not None and not path.is_file():
        part.complain("ca_file", f"there is no file {path}", "write the path of a PEM file")
    networks: list[str] = []
    for node, text in part.texts("allow_private")[:_MAX_NETWORKS]:
        network = checks.network(text)
        if network is None:
            cure = "write an address and a prefix, such as 10.0.0.0/8"
            what = f"'{text[:60]}' is no network"
            part.desk.complain(node, what, cure, code="settings-allow-private")
        else:
            networks.append(network)
    part.finish()
    return NetworkPolicy(
        proxy=SecretText(proxy) if proxy else None,
        ca_file=str(path) if path else None,
        allow_private=tuple(networks),
    )


def _limits(top: Section) -> Limits:
    part = top.section("limits")
    if part is None:
        return Limits()
    changed: dict[str, int | float] = {}
    for item in dataclasses.fields(Limits):
        value = part.number(item.name, 1, 10_000_000_000)
        if value is not None:
            changed[item.name] = float(value) if isinstance(item.default, float) else value
    part.finish()
    return dataclasses.replace(Limits(), **changed)  # type: ignore[arg-type]
