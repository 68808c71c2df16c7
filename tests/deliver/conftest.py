"""Give the senders a real session that may reach loopback, and short limits."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.deliver import Connections
from monitor.model.network import Limits, NetworkPolicy
from monitor.net.session import open_session

# the rest of the machine may be busy: only what must run out is short
SHORT = Limits(webhook_connect_seconds=1.0, webhook_total_seconds=1.0, smtp_final_seconds=1.0)


@pytest.fixture
def now() -> datetime:
    """Give the moment of the attempt."""
    return datetime(2026, 11, 23, 5, 40, 12, 344_000, UTC)


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[Connections]:
    """Give connections that may reach loopback, with the limits of production."""
    policy = NetworkPolicy(allow_private=("127.0.0.0/8", "::1/128"))
    async with open_session(policy, Limits(), user_agent="media-monitor/test") as session:
        yield Connections(session=session, data_dir=tmp_path / "data")
    await all_closed()


async def all_closed() -> None:
    """Wait for connections that close by themselves: this loop ends before a product's does."""
    known = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            # asyncio has no event for it
            while any(one._sock is not None for one in known.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture
async def hasty(connections: Connections) -> Connections:
    """Give connections whose patience ends after a second."""
    return dataclasses.replace(
        connections, limits=SHORT, smtp_connect_seconds=1.0, smtp_command_seconds=1.0
    )
