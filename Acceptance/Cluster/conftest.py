"""Clusters for the tests of this directory."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.cluster import Cluster, Services


@pytest.fixture(scope="session")
def cluster(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes for all tests that leave them as they found them."""
    with Cluster(tmp_path_factory.mktemp("cluster"), services) as shared:
        yield shared


@pytest.fixture
def new_cluster(services: Services, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes clusters of the test's own (not yet started), and ends them with the test."""
    made: list[Cluster] = []

    def make(config: dict | None = None, **options) -> Cluster:
        made.append(Cluster(tmp_path / f"cluster-{len(made)}", services, config, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(autouse=True)
def _services_are_whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test may break what it likes; the next one finds everything at work."""
    if "services" not in request.fixturenames:
        yield
        return
    services: Services = request.getfixturevalue("services")
    services.proxy.forget()
    yield
    services.proxy.faults = None
    if services.postgres.process is None:
        services.postgres.start()
    if services.redis.process is None:
        services.redis.start()
