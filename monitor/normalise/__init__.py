"""Make clean articles of entries and of seed files, and know who publishes them."""

from monitor.normalise.entry import normalise_feed, text_hash
from monitor.normalise.seed import SeedReading, read_seed
from monitor.normalise.source_book import SourceBook
from monitor.normalise.urls import canonical_url

__all__ = [
    "SeedReading", "SourceBook", "canonical_url", "normalise_feed", "read_seed",
    "text_hash",
]  # fmt: skip
