"""Fixtures of the whole suite: the servers, the clients, and the list of what was skipped for want of one."""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import htpasswd, programs
from harness.certificates import Authority
from harness.engine import Engine
from harness.raw import Registry
from harness.server import Server


def pytest_report_header() -> str:
    return f"registry under test: {programs.binary()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out what registry:2 cannot do when the tests themselves are checked against it."""
    if programs.is_cove():
        return
    for item in items:
        if "beyond" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="beyond registry:2"))


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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that need nothing special of it. Each keeps to repositories of its own."""
    with Server(tmp_path_factory.mktemp("shared")) as shared:
        yield shared


@pytest.fixture(autouse=True)
def _server_survives(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test may end the shared server; where one does, it is that test that fails."""
    yield
    if "server" in request.fixturenames:
        shared = request.getfixturevalue("server")
        if shared.process.poll() is not None:
            code, log = shared.wait(), shared.log[-3000:]
            shared.start()
            pytest.fail(f"the server ended with {code}:\n{log}")


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


@pytest.fixture
def locked_server(new_server, tmp_path: Path) -> Server:
    """A server behind htpasswd: alice with the password `open sesame`."""
    path = htpasswd.write(tmp_path / "htpasswd", alice="open sesame")
    return new_server({"auth": {"htpasswd": {"realm": "acceptance", "path": str(path)}}}).start()
