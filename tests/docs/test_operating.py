"""What the manual for operators says is so: commands, metrics, alerts, the dashboard, links."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from services.corridor import opened
from services.product import Workspace
from typer.testing import CliRunner

from monitor.cli.main import app
from monitor.web.figures import read_queues, read_totals
from monitor.web.metrics import exposition

DOCS = Path(__file__).parents[2] / "docs"
MANUAL = (DOCS / "operating.md").read_text("utf-8")
ALERTS = yaml.safe_load((DOCS / "monitoring/alerts.yml").read_text("utf-8"))
DASHBOARD = json.loads((DOCS / "monitoring/dashboard.json").read_text("utf-8"))

OF_ITS_JOB = {"job", "instance"}


@pytest.fixture
async def families(tmp_path: Path) -> list[Metric]:
    """Give what /metrics holds where everything that can be is said."""
    made = Workspace(tmp_path)
    made.configure(webhook="http://127.0.0.1:1/hook")
    async with opened(made) as ports:
        body = exposition(ports, {"sends": "it fails"}, read_queues(ports), read_totals(ports))
    return list(text_string_to_metric_families(body.decode()))


def shown_name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_the_manual_names_every_metric_and_no_other(families: list[Metric]) -> None:
    documented = re.findall(r"^\| `((?:monitor|process)_[a-z_]+)`", MANUAL, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == {shown_name(family) for family in families}


def expressions() -> Iterator[tuple[str, str]]:
    """Give every expression of the alert rules and the dashboard, with where it stands."""
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


NAME = r"\b(?:up|(?:monitor|process)_[a-z_]+)\b"


def test_alerts_and_dashboard_ask_only_for_what_there_is(families: list[Metric]) -> None:
    labels: dict[str, set[str]] = {"up": set(OF_ITS_JOB)}
    for family in families:
        names = [shown_name(family)]
        if family.type == "histogram":
            names = [f"{family.name}_{end}" for end in ("bucket", "sum", "count")]
        told = {label for sample in family.samples for label in sample.labels}
        labels |= dict.fromkeys(names, told | OF_ITS_JOB)
    labels["monitor_channel_stopped"].add("channel")  # none is stopped here
    asked = list(expressions())
    assert len(asked) > 50
    for place, expression in asked:
        found = re.findall(NAME, expression)
        assert found, (place, expression)
        assert set(found) <= set(labels), (place, expression)
        for name, selector in re.findall(rf"({NAME})\{{([^}}]*)\}}", expression):
            chosen = set(re.findall(r"([a-z_]+)=", selector))
            assert chosen <= labels[name], (place, expression)


def test_every_panel_has_a_place_and_a_number_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [tuple(panel["gridPos"][side] for side in "xy") for panel in panels]
    assert len(set(places)) == len(places)
    assert {item["name"] for item in DASHBOARD["templating"]["list"]} == {"datasource", "job"}


def anchors(text: str) -> set[str]:
    """Name the headings as their addresses do."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    kept = (re.sub(r"[^a-z0-9 -]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def test_every_alert_says_what_it_means_and_where_to_read_on() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "operating.md"
        assert anchor in anchors(MANUAL), rule["alert"]
        assert f"`{rule['alert']}`" in MANUAL


def test_every_link_of_the_manual_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", MANUAL):
        path, _, anchor = target.partition("#")
        assert not path or (DOCS / path).exists(), target
        assert not anchor or anchor in anchors(MANUAL), target


def commands() -> list[str]:
    """List what the manual types, in blocks and within lines, as `monitor ...`."""
    blocks = re.findall(r"^```(?:sh|cron|ini)\n(.*?)^```", MANUAL, re.MULTILINE | re.DOTALL)
    typed = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    typed += re.findall(r"`(monitor [^`]+)`", re.sub(r"```.*?```", "", MANUAL, flags=re.DOTALL))
    words = (re.search(r"(?:^|[ /])monitor ((?!monitor )[a-z][^#]*)", line) for line in typed)
    return sorted({match[1].split("&&")[0].strip() for match in words if match})


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_manual_exists_with_its_options(command: str) -> None:
    found: Any = typer.main.get_command(app)
    path: list[str] = []
    words = shlex.split(command)
    while hasattr(found, "commands"):
        assert words, command
        path.append(words.pop(0))
        assert path[-1] in found.commands, command
        found = found.commands[path[-1]]
    options = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, command
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0


def test_the_manual_types_the_commands_that_an_operator_needs() -> None:
    typed = {" ".join(command.split()[:2]) for command in commands()}
    assert {"db backup", "db restore", "db upgrade", "db move", "db check", "status"} <= typed


@pytest.mark.slow
@pytest.mark.parametrize("what", [("rules", "alerts.yml"), ("config", "prometheus.yml")])
def test_prometheus_takes_our_files(what: tuple[str, str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    kind, name = what
    command = [promtool, "check", kind, str(DOCS / "monitoring" / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
