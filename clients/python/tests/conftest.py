"""One service for all tests that do not end it."""

from __future__ import annotations

from typing import Iterator

import pytest
from service import Service

from shelfmark import Client


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.stop()


@pytest.fixture
def client(service: Service, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a model of the test's own."""
    model = request.node.name.replace("_", "-").lower()[:64].strip("-")
    with Client(service.url, model=model) as made:
        made.put_model(config={"dim": 16})
        yield made
