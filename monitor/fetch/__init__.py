"""Fetch feeds and pages: politely, within limits, and with a reason for every failure."""

from monitor.fetch.feed import FeedRequest, Fetched, Unchanged, fetch_feed
from monitor.fetch.hosts import HostGate
from monitor.fetch.page import FetchedPage, fetch_page
from monitor.fetch.robots import Robots

__all__ = [
    "FeedRequest",
    "Fetched",
    "FetchedPage",
    "HostGate",
    "Robots",
    "Unchanged",
    "fetch_feed",
    "fetch_page",
]
