"""Read monitor.yaml, sources.yaml and the environment into one frozen value."""

from monitor.settings.append import append_feed, append_source
from monitor.settings.load import REVISION, load_settings, read_settings
from monitor.settings.values import Defaults, Reading, SecretText, Settings, Web

__all__ = [
    "REVISION",
    "Defaults",
    "Reading",
    "SecretText",
    "Settings",
    "Web",
    "append_feed",
    "append_source",
    "load_settings",
    "read_settings",
]
