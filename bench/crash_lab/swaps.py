"""Swap a part of the product in the process at hand, or fail loudly."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

PATCH_FAILED = 71
"""The exit code of a life whose patch does not fit the product any more."""


class PatchError(Exception):
    """Say that the product has changed and a patch of the laboratory must follow."""


def swap(owner: Any, name: str, new: Any, *, takes: tuple[str, ...] | None = None) -> Any:
    """Put `new` in the place of `owner.name` and give what was there.

    Raises PatchError if nothing is there, or if its first arguments are not those in `takes`.
    """
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    if not hasattr(owner, name):
        raise PatchError(f"{where} is gone: bench/crash_lab must follow the product")
    old = getattr(owner, name)
    if takes is not None:
        found = tuple(inspect.signature(old).parameters)
        if found[: len(takes)] != takes:
            raise PatchError(f"{where} takes {found}, not {takes}: bench/crash_lab must follow")
    setattr(owner, name, new)
    return old


def wrap(owner: Any, name: str, make: Callable[[Any], Any], *, takes: tuple[str, ...]) -> None:
    """Put `make(old)` in the place of a function; raises PatchError like `swap`."""
    old = swap(owner, name, None, takes=takes)
    setattr(owner, name, make(old))
