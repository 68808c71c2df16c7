from __future__ import annotations

from monitor.cli.explain import WHY_QUIET
from monitor.model.alert import RAISES, Reason


def test_every_reason_for_silence_is_said_in_words() -> None:
    assert set(WHY_QUIET) == set(Reason) - RAISES
    assert not any("_" in words for words in WHY_QUIET.values())
