"""Compare what two images hold: every file of every layer, with its bytes, mode, owner and date.

Usage: compare-layers.py FIRST.tar SECOND.tar      (archives of `podman save`)
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from typing import IO

MAX_SHOWN = 20


def layers(path: str) -> list[dict[str, tuple[object, ...]]]:
    """List the files of each layer by path, the lowest layer first."""
    with tarfile.open(path) as archive:
        (image,) = json.load(_opened(archive, "manifest.json"))
        return [_files(_opened(archive, name)) for name in image["Layers"]]


def _files(layer: IO[bytes]) -> dict[str, tuple[object, ...]]:
    with tarfile.open(fileobj=layer) as files:
        return {member.name: _facts(files, member) for member in files}


def _facts(files: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    content = files.extractfile(member).read() if member.isreg() else b""  # type: ignore[union-attr]
    # a folder's date says when its layer was laid on, which no Dockerfile can settle
    date = 0 if member.isdir() else member.mtime
    digest = hashlib.sha256(content).hexdigest()
    return (member.type, oct(member.mode), member.uid, member.gid, date, member.linkname, digest)


def _opened(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    file = archive.extractfile(name)
    assert file is not None, name
    return file


def main(first: str, second: str) -> int:
    """Name what differs; 0 if nothing does."""
    pairs = list(zip(layers(first), layers(second), strict=True))
    differing = [
        f"layer {number}: {path}: {one.get(path)} {other.get(path)}"
        for number, (one, other) in enumerate(pairs, 1)
        for path in sorted(one.keys() | other.keys())
        if one.get(path) != other.get(path)
    ]
    for line in differing[:MAX_SHOWN]:
        print(line)
    print(
        f"{len(pairs)} layers, {sum(len(one) for one, _ in pairs)} files, {len(differing)} differ"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
