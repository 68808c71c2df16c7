"""Find the dialects: each module of `vendors` holds one, named DIALECT."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from monitor.match.dialects import vendors
from monitor.match.dialects.convert import Dialect


@lru_cache(maxsize=1)
def dialect_names() -> tuple[str, ...]:
    """Give the names of all dialects, as commands take them: `google-alerts`."""
    return tuple(sorted(one.name.replace("_", "-") for one in iter_modules(vendors.__path__)))


@lru_cache(maxsize=1)
def dialects() -> dict[str, Dialect]:
    """Give all dialects by their names, in order."""
    found: dict[str, Dialect] = {}
    for name in dialect_names():
        module = import_module(f"{vendors.__name__}.{name.replace('-', '_')}")
        found[name] = module.DIALECT
    return found
