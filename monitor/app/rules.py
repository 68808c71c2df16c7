"""Load the workspace's rules with what the settings know of channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from monitor.match.lint_archive import Archive
from monitor.match.load import LoadedRules, load_rules
from monitor.match.memory import Memory
from monitor.model.keys import ChannelName
from monitor.model.problem import Problem
from monitor.model.rule import Tell
from monitor.settings import Defaults, Settings
from monitor.workspace import Files, read_releases, read_rules


def workspace_rules(
    settings: Settings, *, coming: Settings | None = None, memory: Memory | None = None
) -> LoadedRules:
    """Load the workspace's rules, with all errors of all files; what is unwise is not looked for.

    `coming` are the settings that a restart would use: what they would cure says so. `memory` is
    of the load before.
    """
    loaded = load_workspace_rules(settings.workspace, settings, lints=False, memory=memory)
    if coming is None or not loaded.problems or _judges_as(coming, settings):
        return loaded
    lasting = load_workspace_rules(coming.workspace, coming, lints=False).problems
    cure = "restart `monitor run`: it goes by the monitor.yaml of its start"
    return replace(
        loaded,
        problems=tuple(
            problem if problem in lasting else replace(problem, cure=cure)
            for problem in loaded.problems
        ),
    )


def _judges_as(coming: Settings, settings: Settings) -> bool:
    """Tell whether what rules are judged by is the same in both."""
    is_alike = channel_schedules(coming) == channel_schedules(settings)
    return is_alike and coming.defaults == settings.defaults


def load_workspace_rules(
    workspace: Path,
    settings: Settings | None,
    *,
    lints: bool = True,
    archive: Archive | None = None,
    memory: Memory | None = None,
) -> LoadedRules:
    """Load a workspace's rules; without settings every channel passes for known."""
    return _loaded(
        read_rules(workspace), workspace, settings, lints=lints, archive=archive, memory=memory
    )


def rules_of_folder(folder: Path, settings: Settings) -> LoadedRules:
    """Load the rules of another folder as if they were the workspace's; all channels are known."""
    files = read_rules(folder.parent, folder.name)
    loaded = _loaded(files, settings.workspace, None, lints=False)
    return replace(
        loaded, problems=tuple(one for one in loaded.problems if not one.code.startswith("test"))
    )


def _loaded(
    files: tuple[Files, Files],
    workspace: Path,
    settings: Settings | None,
    *,
    lints: bool,
    archive: Archive | None = None,
    memory: Memory | None = None,
) -> LoadedRules:
    rules, lists = files
    releases = read_releases(workspace)
    defaults = settings.defaults if settings else Defaults()
    loaded = load_rules(
        rules.texts,
        lists.texts,
        channels=channel_schedules(settings) if settings else _EveryChannel(),
        default_tell=defaults.tell if settings else ((ChannelName("mailbox"), Tell.DIGEST),),
        default_again=defaults.again,
        workspace_has=lambda path: (workspace / path).exists(),
        releases={**releases.texts, **releases.unreadable},
        lints=lints,
        archive=archive,
        memory=memory,
    )
    unreadable = {**rules.unreadable, **lists.unreadable}
    faults = tuple(
        Problem(file=file, what=why, code="unreadable") for file, why in unreadable.items()
    )
    return replace(loaded, problems=(*faults, *loaded.problems))


class _EveryChannel(dict[ChannelName, bool]):
    """Stand for channels that are not known, because monitor.yaml cannot be read."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: ChannelName) -> bool:
        return True


def channel_schedules(settings: Settings) -> Mapping[ChannelName, bool]:
    """Say of each channel whether it has a digest schedule."""
    return {channel.name: channel.schedule is not None for channel in settings.channels}
