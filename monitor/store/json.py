"""Turn frozen values into JSON for a column, and back, by their types."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind))


def dump(kind: type[T], value: T) -> Any:
    """Give what a JSON column takes."""
    return _adapter(cast(Hashable, kind)).dump_python(value, mode="json")


def load(kind: type[T], stored: Any) -> T:
    """Give the value back; raises pydantic.ValidationError if the column holds something else."""
    value: T = _adapter(cast(Hashable, kind)).validate_python(stored)
    return value
