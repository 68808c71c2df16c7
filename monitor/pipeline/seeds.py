"""Read the workspace's seed articles: once each, and again when a file's bytes change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import structlog

from monitor.model.article import Article
from monitor.model.problem import Problem
from monitor.normalise.seed import read_seed
from monitor.pipeline.keep import keep_articles
from monitor.pipeline.ports import Ports
from monitor.store import problems, rules
from monitor.store.engine import Tx
from monitor.text.clean import clean_line

log = structlog.get_logger()


def ingest_seeds(ports: Ports, files: Mapping[str, bytes | str]) -> None:
    """Store seeds by file name; a `str` in place of bytes is why the file could not be read.

    Unchanged files cost a hash. A file with nothing in it that can be used is named in `status`
    with the reason; the rest goes on.
    """
    now = ports.now()
    with ports.store.read() as tx:
        known = rules.seed_hashes(tx)
        named = {trouble.subject for trouble in problems.listed(tx) if trouble.kind == "seed"}
    hashes = {name: _hash(data) for name, data in files.items()}
    fresh = {name: data for name, data in files.items() if hashes[name] != known.get(name)}
    gone = [name for name in known if name not in files and _subject(ports, name) in named]
    found: list[Article] = []
    faults: list[Problem] = []
    for name, data in sorted(fresh.items()):
        if isinstance(data, str):
            where = _subject(ports, name)
            faults.append(Problem(file=where, what=data, code="seed-unreadable"))
            continue
        reading = read_seed(
            name, data, now=now, sources=ports.current.book, limits=ports.terms.limits
        )
        found += reading.articles
        faults += (replace(fault, file=f"seeds/{fault.file}") for fault in reading.problems)
    if not fresh and not gone:
        return
    kept = keep_articles(ports, found, is_baseline=False, now=now, settle=_nothing_claimed)
    with ports.store.write() as tx:
        for name in (*fresh, *gone):
            problems.clear(tx, "seed", _subject(ports, name))
            rules.keep_seed(tx, name, hashes.get(name, ""), now=now)  # "": read if it comes back
        for fault in {
            fault.file: fault for fault in reversed(faults)
        }.values():  # each file's first
            problems.report(tx, "seed", fault.file, _reason(fault), cure=fault.cure, now=now)
    log.info("seeds read", files=len(fresh), new=kept.new, matches=kept.matches)


def _subject(ports: Ports, name: str) -> str:
    """Give the path that `status` shows for a seed file."""
    return f"seeds/{clean_line(name, ports.terms.limits.max_name_chars)}"


def _reason(fault: Problem) -> str:
    return f"line {fault.line}: {fault.what}" if fault.line else fault.what


def _nothing_claimed(_tx: Tx, _new: int) -> None:
    """Settle nothing: seed files are not claimed."""


def _hash(data: bytes | str) -> str:
    raw = data if isinstance(data, bytes) else f"unreadable: {data}".encode()
    return hashlib.sha256(raw).hexdigest()
