"""Read a workspace that may be broken, for the commands that say what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from monitor.app import load_workspace_rules
from monitor.match.lint_archive import Archive
from monitor.match.load import LoadedRules
from monitor.model.delivery import Channel, ChannelKind, Schedule
from monitor.model.keys import ChannelName
from monitor.model.rule import Tell
from monitor.settings import Reading, Settings, read_settings


def reading_of(workspace: Path) -> Reading:
    """Read what can be read; raises ConfigError if this is no workspace."""
    return read_settings(workspace.resolve(), os.environ)


def rules_of(reading: Reading, archive: Archive | None = None) -> LoadedRules:
    """Load the rules against the channels that are written, even if one has a defect.

    What is unwise is looked for too, in the light of the archive if it is given.
    """
    workspace, settings = reading.settings.workspace, None
    if reading.channels is not None:  # else every channel passes for known
        settings = _with_all(reading, reading.channels)
    return load_workspace_rules(workspace, settings, archive=archive)


def _with_all(reading: Reading, named: Mapping[ChannelName, bool]) -> Settings:
    """Put something in the place of each channel, and of a default, that has a defect."""
    channels = tuple(
        Channel(
            name=name,
            kind=ChannelKind.FILE,
            schedule=Schedule(cron="0 8 * * *", zone="UTC") if has_digest else None,
            zone="UTC",
        )
        for name, has_digest in named.items()
    )
    defaults = reading.settings.defaults
    if reading.problems and not defaults.tell:
        defaults = replace(defaults, tell=tuple((name, Tell.NOW) for name in list(named)[:1]))
    return replace(reading.settings, channels=channels, defaults=defaults)
