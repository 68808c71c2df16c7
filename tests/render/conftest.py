"""Give the plain and the shipped templates to the tests."""

from __future__ import annotations

import pytest
from render.values import user_templates

from monitor.render.templates import Templates


@pytest.fixture(scope="session")
def plain() -> Templates:
    return Templates()


@pytest.fixture(scope="session")
def shipped() -> Templates:
    return Templates(user_templates())


@pytest.fixture(scope="session", params=["plain", "shipped"])
def templates(request: pytest.FixtureRequest) -> Templates:
    return Templates(user_templates() if request.param == "shipped" else None)
