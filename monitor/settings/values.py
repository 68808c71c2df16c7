"""Hold everything that the files and the environment say, in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from monitor.model.delivery import Channel
from monitor.model.keys import ChannelName
from monitor.model.network import Limits, NetworkPolicy, Smtp
from monitor.model.problem import Problem
from monitor.model.retention import Retention
from monitor.model.rule import Again, Tell
from monitor.model.source import Source


class SecretText(str):
    """Be a text that is used as it is but shown as `***` wherever values are dumped."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Say what holds for a rule that does not say it itself.

    `backfill` is how far a new rule or a first poll looks back.
    """

    tell: tuple[tuple[ChannelName, Tell], ...] = ()
    again: Again = Again.DEVELOPMENT
    backfill: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Say where the web server listens; port 0 is any free one.

    `is_port_set` tells a port that was asked for from the default, which may give way.
    `public_url` has no slash at its end; None means that messages carry no links back to us.
    `revision` is the commit that an image was built from, for /healthz to say.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    is_port_set: bool = False
    public_url: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Be the whole configuration; `database_url` is a SQLAlchemy URL and never printed.

    `warnings` are what is unwise but works.
    """

    workspace: Path
    data_dir: Path
    database_url: str = field(repr=False)
    channels: tuple[Channel, ...] = ()
    smtp: Smtp | None = None
    defaults: Defaults = Defaults()
    zone: str = "UTC"
    retention: Retention = Retention()
    web: Web = Web()
    network: NetworkPolicy = field(default_factory=NetworkPolicy)
    limits: Limits = field(default_factory=Limits)
    sources: tuple[Source, ...] = field(default=(), repr=False)
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Be what could be read, with all that is wrong: enough for who looks and changes nothing.

    What has a problem is left out of `settings` or has its default. `unset` are environment
    variables that this shell lacks. `channels` are all that are written, sound or not, each with
    whether it has a digest; None if they cannot be read. The database is known unless its own
    lines have a fault.
    """

    settings: Settings
    problems: tuple[Problem, ...] = ()
    unset: tuple[Problem, ...] = ()
    channels: Mapping[ChannelName, bool] | None = None
    is_database_known: bool = True
