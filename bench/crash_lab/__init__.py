"""The laboratory of `bench/crash.py`: lives to kill, the world they work for, the judge."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

for folder in (ROOT / "tests", ROOT):  # the product, and the services that its tests use
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
