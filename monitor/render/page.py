"""Give the page that `data/latest.html` shows."""

from __future__ import annotations

from monitor.model.delivery import Message


def latest_html(message: Message) -> str:
    """Give a mail's HTML part as a page of its own; "" for a message without one."""
    return message.html
