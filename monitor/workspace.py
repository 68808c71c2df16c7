"""Read the files of a workspace: rules, lists, templates, seeds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

MAX_FILE_BYTES = 10_000_000
MAX_RULE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Hold bytes by the path shown to the user; `unreadable` says why others are not there."""

    texts: dict[str, bytes] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def read_rules(workspace: Path, name: str = "rules") -> tuple[Files, Files]:
    """Read `rules/*.yaml` and `rules/lists/*.yaml` (also `.yml`), as bytes."""
    return _read_folder(workspace, name), _read_folder(workspace, f"{name}/lists")


def read_releases(workspace: Path) -> Files:
    """Read `releases/*.md` and `releases/*.txt`, the texts whose pick-up is watched, as bytes."""
    return _read_folder(workspace, "releases", {".md", ".txt"})


def _read_folder(
    workspace: Path, folder: str, endings: Collection[str] = (".yaml", ".yml")
) -> Files:
    found = Files()
    for path in sorted((workspace / folder).glob("*.*")):
        if path.suffix not in endings or path.name.startswith("."):
            continue
        shown = f"{folder}/{path.name}"
        try:
            if not path.is_file():
                found.unreadable[shown] = "this is no file"
            elif path.stat().st_size > MAX_RULE_BYTES:
                found.unreadable[shown] = f"the file is larger than {MAX_RULE_BYTES} bytes"
            else:
                found.texts[shown] = path.read_bytes()
        except OSError as error:
            found.unreadable[shown] = f"the file cannot be read: {error.strerror}"
    return found


def read_templates(workspace: Path) -> dict[str, str]:
    """Read the user's templates by name; one that cannot be read is left out."""
    return _read_templates(workspace)[0]


def unreadable_templates(workspace: Path) -> dict[str, str]:
    """Say why templates cannot be read, by the path shown to the user."""
    return _read_templates(workspace)[1]


def _read_templates(workspace: Path) -> tuple[dict[str, str], dict[str, str]]:
    texts, unreadable = {}, {}
    for path in sorted((workspace / "templates").glob("*.j2")):
        shown = f"templates/{path.name}"
        try:
            texts[path.name] = path.read_text("utf-8")
        except OSError as error:
            unreadable[shown] = f"the file cannot be read: {error.strerror}"
        except UnicodeDecodeError as error:
            unreadable[shown] = f"the file is not UTF-8: byte {error.start} is wrong"
    return texts, unreadable


def read_seeds(workspace: Path) -> dict[str, bytes | str]:
    """Read `seeds/*` but READMEs and hidden files: bytes, or why the file cannot be read."""
    found: dict[str, bytes | str] = {}
    folder = workspace / "seeds"
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        name = path.name
        if name.startswith(".") or name.lower().startswith("readme"):
            continue
        try:
            if path.is_dir():
                found[name] = "it is a folder: seeds are files that lie in seeds/ itself"
            elif path.stat().st_size > MAX_FILE_BYTES:
                found[name] = f"the file is larger than {MAX_FILE_BYTES} bytes"
            else:
                found[name] = path.read_bytes()
        except OSError as error:
            found[name] = f"the file cannot be read: {error.strerror}"
    return found


def fingerprint(workspace: Path) -> tuple[tuple[str, int, int], ...]:
    """Give name, size and time of change of each file that is reloaded when it changes."""
    found = []
    for pattern in (
        "monitor.yaml",
        "sources.yaml",
        "rules/*.y*ml",
        "rules/lists/*.y*ml",
        "releases/*.md",
        "releases/*.txt",
        "templates/*.j2",
    ):
        for path in sorted(workspace.glob(pattern)):
            try:
                facts = path.stat()
            except OSError:
                continue
            found.append((str(path.relative_to(workspace)), facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def seeds_fingerprint(workspace: Path) -> tuple[tuple[str, int, int], ...]:
    """Give the same of the seed files."""
    found = []
    for path in sorted((workspace / "seeds").glob("*")):
        try:
            facts = path.stat()
        except OSError:
            continue
        found.append((path.name, facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def starter() -> Path:
    """Give the folder whose files `monitor init` copies: in the package, else the repository."""
    package = Path(__file__).parent
    packed = package / "starter"
    return packed if packed.is_dir() else package.parent
