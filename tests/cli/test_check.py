"""What `monitor check` names."""

from __future__ import annotations

from pathlib import Path

import pytest
from services.in_process import invoke
from services.product import Workspace


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Give a workspace with something to tell in which nothing has run yet."""
    workspace = Workspace(tmp_path)
    workspace.configure()
    workspace.write("seeds/acme.txt", "date 2026-11-20 Acme will open an office in Karachi.")
    return workspace


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{% if page %}", "templates/digest.html.j2:2:1: Unexpected end of template"),
        ("a\n\n{{ page | wrop }}", "templates/digest.html.j2:3:1: No filter named 'wrop'"),
    ],
)
def test_a_template_that_cannot_be_read_is_named_before_anything_is_sent(
    made: Workspace, text: str, said: str
) -> None:
    assert invoke(made, "check").exit_code == 0
    made.write("templates/digest.html.j2", text)
    done = invoke(made, "check")
    assert done.exit_code == 2
    assert said in done.stdout

    assert invoke(made, "run", "--once").exit_code == 0
    invoke(made, "rules", "new", "karachi")
    made.write("rules/karachi.yaml", "match: Karachi\n")
    assert invoke(made, "run", "--once").exit_code == 0
    shown = invoke(made, "digest", "preview")
    assert shown.exit_code == 0
    assert "This is the plain form, because of digest.html.j2: line" in shown.stderr


def test_the_filters_of_mails_are_known_and_other_bytes_are_named(made: Workspace) -> None:
    made.write("templates/alert.txt.j2", "{{ page.title | wrap }} {{ 2 | counted('story') }}")
    assert invoke(made, "check").exit_code == 0
    (made.folder / "templates" / "alert.txt.j2").write_bytes(b"K\xf6ln")
    assert "templates/alert.txt.j2: it is not UTF-8" in invoke(made, "check").stdout
