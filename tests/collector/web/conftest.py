"""A collector's web side over a real store, and a client of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from collector.web.app import make_app
from tests.alerts.people.made import cheap_hashes
from tests.collector.web.fakes import (
    MINUTE,
    NOW,
    SHANGHAI,
    Client,
    FakeSource,
    MoodyStore,
    agent,
    history,
    school,
)
from tests.collector.web.office import Office

__all__ = ["Client"]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MoodyStore]:
    """A store with the last half hour of one machine."""
    store = MoodyStore(tmp_path / "store.db")
    assert store.write(history(NOW - 30 * MINUTE, NOW)) == []
    yield store
    store.awake.set()
    store.close()


@pytest.fixture
def source(store: MoodyStore) -> FakeSource:
    """A district of one school with one agent, both up."""
    return FakeSource(store, (school(agent()),))


@pytest.fixture
async def client(source: FakeSource) -> AsyncIterator[Client]:
    """A client of the collector of *source*, Chinese, in Shanghai, whose clock stands at NOW."""
    app = make_app(source, "zh", SHANGHAI, now=lambda: NOW, patience=0.3)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A collector's pages over the real engine, with people who may act there."""
    async with Office(tmp_path).open() as office:
        yield office
