"""One thing is one thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from services.in_process import asked, invoke
from services.product import Workspace


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Give a workspace with one feed, one rule, one article and one delivery."""
    workspace = Workspace(tmp_path)
    workspace.configure(feeds={"dawn": "http://127.0.0.1:1/dawn"})
    workspace.write("seeds/acme.txt", "date 2026-11-20 Acme will open an office in Karachi.")
    assert invoke(workspace, "run", "--once").exit_code == 0
    return workspace


def test_one_is_one(made: Workspace) -> None:
    (story,) = asked(made, "stories", "list")
    (line,) = asked(made, "deliveries", "list")
    for words, said in {
        ("ingest",): "1 feed is due now",
        ("stories", "show", story["story"]["id"]): "1 article from 1 source\n",
        ("rules", "check"): "1 rule is sound",
        ("rules", "preview", "acme"): "acme matches 1 of 1 article.",
        ("deliveries", "resend", line["key"]): "1 delivery is due now",
    }.items():
        assert said in invoke(made, *words).output
