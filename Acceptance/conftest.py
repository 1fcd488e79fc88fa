"""Fixtures of the whole suite: the servers, the clients, and the list of what was skipped for want of one.

With `--cluster`, the servers that most tests share are three nodes behind nginx, on PostgreSQL and S3.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import htpasswd, programs
from harness.certificates import Authority
from harness.cluster import Cluster, Front, Services
from harness.engine import Engine
from harness.faults import FaultProxy
from harness.postgres import Postgres
from harness.raw import Registry
from harness.redis import Redis
from harness.s3 import S3
from harness.server import Server

# What says something about many nodes: the protocol, and the clients that speak it.
CLUSTERED = ("test_protocol_", "test_docker", "test_skopeo", "test_podman", "test_oras", "test_dxf", "test_umoci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster",
        action="store_true",
        help="run the protocol's and the clients' tests on three nodes behind nginx, and those of Cluster/",
    )


def pytest_report_header(config: pytest.Config) -> str:
    nodes = ", three nodes on PostgreSQL and S3 behind nginx" if config.option.cluster else ""
    return f"registry under test: {programs.binary()}{nodes}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what registry:2 cannot do when the tests themselves are checked against it, and what the nodes of a
    cluster would not even see."""
    for item in items:
        is_cluster = item.path.parent.name == "Cluster"
        if not programs.is_cove() and ("beyond" in item.keywords or is_cluster):
            item.add_marker(pytest.mark.skip(reason="beyond registry:2"))
    if config.option.cluster:
        kept = [item for item in items if _concerns_cluster(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    # Files with slow tests go first: begun last, one of them would keep one worker busy and the others waiting.
    slow = {item.path for item in items if "slow" in item.keywords}
    items.sort(key=lambda item: item.path not in slow)


def _concerns_cluster(item: pytest.Item) -> bool:
    if item.path.parent.name == "Cluster":
        return True
    if not item.path.name.startswith(CLUSTERED):
        return False
    # A test with a server of its own, and no other, is the same test as without --cluster.
    return "new_server" not in item.fixturenames or "server" in item.fixturenames


def pytest_terminal_summary(terminalreporter) -> None:
    """The clients that were not there, each with the number of tests that went without."""
    missing: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if programs.MISSING in reason:
            missing[reason.split(programs.MISSING, 1)[1]] += 1
    terminalreporter.section("skipped because missing")
    if missing:
        for name, count in sorted(missing.items()):
            terminalreporter.write_line(f"{name}: {count} test{'s' if count > 1 else ''} skipped")
    else:
        terminalreporter.write_line("nothing: every client was present")


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Services]:
    """What nodes stand on: PostgreSQL, S3 behind a proxy, Redis."""
    for program in ("nginx", "redis-server"):
        programs.need(program)
    postgres = Postgres()
    directory = tmp_path_factory.mktemp("services")
    s3, redis = S3(directory), Redis(directory)
    proxy = FaultProxy(s3.port)
    try:
        for service in (postgres, s3, redis, proxy):
            service.start()
        yield Services(postgres, s3, proxy, redis, authority)
    finally:
        proxy.stop()
        s3.stop()
        redis.stop()
        postgres.remove()


@pytest.fixture(scope="session")
def new_registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Makes registries that live as long as the tests: a server, or with `--cluster` a cluster in its clothes."""
    made: list[Server | Cluster] = []

    def make(config: dict | None = None) -> Server | Front:
        directory = tmp_path_factory.mktemp("shared")
        if not request.config.option.cluster:
            made.append(Server(directory, config).start())
            return made[-1]
        made.append(Cluster(directory, request.getfixturevalue("services"), config))
        return Front(made[-1].start())

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def server(new_registry) -> Server | Front:
    """One registry for all tests that need nothing special of it. Each keeps to repositories of its own."""
    return new_registry()


@pytest.fixture(autouse=True)
def _server_survives(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test may end the shared server; where one does, it is that test that fails."""
    names = [name for name in ("server", "locked_server") if name in request.fixturenames]
    fronts = [shared for name in names if isinstance(shared := request.getfixturevalue(name), Front)]
    for front in fronts:
        front.is_direct = "direct" in request.keywords
    yield
    for front in fronts:
        front.is_direct = False
    if "server" in names and (ended := request.getfixturevalue("server").revive()):
        pytest.fail(ended)


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers of the test's own (not yet started), and ends them with the test."""
    made: list[Server] = []

    def make(config: dict | None = None, **options) -> Server:
        made.append(Server(tmp_path / f"server-{len(made)}", config, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop(seconds=5)


@pytest.fixture
def registry(server: Server) -> Registry:
    return server.registry()


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository name nobody else uses, that says which test made it."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_")).strip("-")
    return f"acceptance/{words[:60].strip('-')}-{secrets.token_hex(3)}"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One Docker engine for all tests."""
    programs.need("dockerd")
    programs.need("docker")
    programs.need_root("dockerd")
    made = Engine(tmp_path_factory.mktemp("docker"))
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    return engine.import_base("acceptance-base:1")


@pytest.fixture
def skopeo(tmp_path: Path) -> Callable:
    """Runs skopeo with nothing of this machine's configuration."""
    path = programs.need("skopeo")
    policy = tmp_path / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')

    def run(command: str, *arguments: object, **options):
        home = tmp_path / "skopeo-home"
        home.mkdir(exist_ok=True)
        options.setdefault("env", programs.environment(HOME=str(home), REGISTRY_AUTH_FILE=str(home / "auth.json")))
        return programs.run(path, "--policy", policy, command, *arguments, **options)

    return run


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def locked_server(new_registry, tmp_path_factory: pytest.TempPathFactory) -> Server | Front:
    """A registry behind htpasswd: alice with the password `open sesame`."""
    path = htpasswd.write(tmp_path_factory.mktemp("passwords") / "htpasswd", alice="open sesame")
    return new_registry({"auth": {"htpasswd": {"realm": "acceptance", "path": str(path)}}})
