"""`monitor rules schema`: what editors complete and underline by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import print_json
from monitor.match.schema import list_schema, rule_schema

RULE_SCHEMA = "rule.schema.json"
LIST_SCHEMA = "list.schema.json"

ListsOption = Annotated[bool, typer.Option("--lists", help="That of term lists instead.")]


def schema_command(lists: ListsOption = False) -> None:
    """Print the JSON Schema of rule files, for editors."""
    print_json(list_schema() if lists else rule_schema())


def write_schemas(folder: Path) -> None:
    """Put the schemas that rule files and lists name beside them, as this version has them."""
    for name, schema in ((RULE_SCHEMA, rule_schema()), (LIST_SCHEMA, list_schema())):
        text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
