"""Headers on whatever is answered, and as few rights as possible: the container, the compose file, the service."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import htpasswd, images, programs
from harness.programs import ROOT
from harness.raw import Registry, expect
from harness.server import Server, free_port, until

pytestmark = pytest.mark.beyond

HEADERS = {
    "Strict-Transport-Security": ["max-age=31536000"],
    "X-Content-Type-Options": ["nosniff"],
    "X-Frame-Options": ["DENY"],
    "Content-Security-Policy": ["default-src 'none'"],
}


@pytest.fixture(scope="module")
def hardened(tmp_path_factory):
    directory = tmp_path_factory.mktemp("headers")
    users = htpasswd.write(directory / "htpasswd", alice="open sesame")
    config = {"http": {"headers": HEADERS}, "auth": {"htpasswd": {"realm": "r", "path": str(users)}}}
    with Server(directory / "server", config) as server:
        yield server


def missing(headers) -> list[str]:
    return [name for name, values in HEADERS.items() if headers.get(name) != values[0]]


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/v2/", 200),
        ("HEAD", "/v2/", 200),
        ("OPTIONS", "/v2/", 200),
        ("GET", "/", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/nothing", 404),
        ("GET", "/v2/nothing", 404),
        ("GET", "/v2/app/manifests/none", 404),
        ("GET", "/v2/APP/tags/list", 400),
        ("POST", "/v2/app/blobs/uploads/", 202),
        ("PUT", "/v2/app/tags/list", 405),
        ("DELETE", "/healthz", 405),
    ],
)
def test_headers_of_the_config_are_in_answers_of_every_kind(hardened, method, path, status):
    answer = expect(hardened.registry(auth=("alice", "open sesame")).request(method, path), status)
    assert missing(answer.headers) == []


def test_they_are_in_refusals_of_strangers(hardened):
    assert missing(expect(hardened.registry().get("/v2/"), 401).headers) == []


def test_they_are_with_blobs_whole_and_in_part_and_not_modified(hardened):
    registry = hardened.registry(auth=("alice", "open sesame"))
    for data in (b"small", images.random_bytes(200_000)):
        path = f"/v2/app/blobs/{registry.push_blob('app', data)}"
        assert missing(expect(registry.get(path), 200).headers) == []
        assert missing(expect(registry.get(path, headers={"Range": "bytes=1-3"}), 206).headers) == []
        assert missing(expect(registry.get(path, headers={"Range": "bytes=999999-"}), 416).headers) == []
        assert missing(expect(registry.get(path, headers={"If-None-Match": "*"}), 304).headers) == []


@pytest.mark.parametrize(
    "request_head",
    [
        b"nonsense\r\n\r\n",
        b"BREW /v2/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
def test_they_are_in_answers_to_what_is_no_request(hardened, request_head):
    with hardened.connect() as connection:
        connection.send(request_head)
        answer = connection.response()
        assert answer.status in (400, 405, 431)
        assert missing(answer.headers) == []


# The service


def test_the_service_has_a_good_score_which_its_page_tells():
    program = programs.need("systemd-analyze")
    unit = ROOT / "deploy" / "cove.service"
    done = programs.run(program, "security", "--offline=true", "--no-pager", unit)
    score = float(re.search(r"Overall exposure level for cove\.service: ([0-9.]+)", done.out).group(1))
    assert score <= 1.5
    told = float(re.search(r"exposure of \*\*([0-9.]+)\*\*", (ROOT / "docs" / "hardening.md").read_text()).group(1))
    # Versions of systemd weigh differently.
    assert abs(told - score) <= 0.3


def test_the_service_is_well_formed(tmp_path):
    program = programs.need("systemd-analyze")
    unit = tmp_path / "cove.service"
    text = (ROOT / "deploy" / "cove.service").read_text()
    unit.write_text(text.replace("/usr/bin/cove ", f"{programs.binary()} "))
    done = programs.run(program, "verify", "--man=no", unit, check=False)
    assert "cove.service" not in done.err, done.err


def allowed_calls() -> set[str]:
    """What the service's SystemCallFilter lets through."""
    analyze = programs.need("systemd-analyze")

    def calls(name: str) -> set[str]:
        listed = programs.run(analyze, "syscall-filter", "--no-pager", name).out
        entries = re.findall(r"^    (@?\w[\w-]*)", listed, re.MULTILINE)
        return {call for entry in entries for call in (calls(entry) if entry.startswith("@") else {entry})}

    text = (ROOT / "deploy" / "cove.service").read_text()
    granted, denied = re.findall(r"^SystemCallFilter=(.*)$", text, re.MULTILINE)
    assert denied.startswith("~")
    return set.union(*map(calls, granted.split())) - set.union(*map(calls, denied[1:].split()))


def test_the_server_works_with_the_system_calls_that_the_service_allows(new_server, monkeypatch, tmp_path):
    """Every other one fails with EPERM, as under the service."""
    others = "!" + ",".join(f"?{call}" for call in sorted(allowed_calls()))
    filtered = ["--follow-forks", "--seccomp-bpf", "-qqq", "-e", f"trace={others}", "-e", f"inject={others}:error=EPERM"]
    strace = programs.need("strace")
    nice = programs.run(strace, *filtered, "-o", tmp_path / "nice", "nice", "-n", "-5", "true", check=False)
    assert "cannot set niceness" in nice.err, "the filter does nothing"
    server = new_server()
    server.arguments = [*filtered, "-o", tmp_path / "trace", programs.binary(), *server.arguments]
    with monkeypatch.context() as patch:
        patch.setattr(programs, "binary", lambda: strace)
        server.start(ready=False)
    server.wait_until_ready(60)
    registry = server.registry()
    registry.push_image("app", images.image())
    data = images.random_bytes(1 << 20)
    assert registry.blob("app", registry.push_blob("app", data)) == data
    # strace ends with the server, and takes no signal for it.
    (child,) = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGTERM)
    assert server.wait() == 0


# The container


def compose_service() -> dict:
    yaml = pytest.importorskip("yaml", reason=programs.MISSING + "PyYAML (PyPI)")
    return yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text())["services"]["registry"]


def test_docker_compose_takes_the_file():
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        command: list[object] = ["docker", "compose"]
    else:
        command = [programs.need("docker-compose")]
    programs.run(*command, "--file", ROOT / "deploy" / "compose.yml", "config", "--quiet")


def test_the_compose_file_gives_no_more_rights_than_needed():
    service = compose_service()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith("0")


@pytest.fixture(scope="module")
def image(engine, tmp_path_factory):
    """The image of deploy/Dockerfile, made as its first lines say."""
    context = tmp_path_factory.mktemp("image")
    shutil.copy(ROOT / "deploy" / "Dockerfile", context)
    programs.run(ROOT / "scripts" / "image-root", programs.binary(), context / "root.tar")
    engine("build", "--tag", "cove-under-test", context)
    yield "cove-under-test"
    engine("image", "rm", "--force", "cove-under-test")


@pytest.fixture
def container(engine, image, tmp_path):
    """The service of the compose file by `docker run`, on 127.0.0.1 and a random port; its name and URL."""
    service = compose_service()
    port = free_port()
    data = tmp_path / "data"
    data.mkdir()
    shutil.chown(data, *map(int, service["user"].split(":")))
    options: list[object] = ["--user", service["user"], "--read-only", "--network", "host", "--pids-limit", service["pids_limit"]]
    for capability in service["cap_drop"]:
        options += ["--cap-drop", capability]
    for option in service["security_opt"]:
        options += ["--security-opt", option]
    for mount in service["tmpfs"]:
        options += ["--tmpfs", mount]
    for name, value in (service["environment"] | {"REGISTRY_HTTP_ADDR": f"127.0.0.1:{port}"}).items():
        options += ["--env", f"{name}={value}"]
    options += ["--volume", f"{data}:/var/lib/registry"]
    options += ["--volume", f"{ROOT}/deploy/config.yml:/etc/docker/registry/config.yml:ro"]
    probe = engine("run", "--rm", "--network", "host", image, "version", check=False)
    if probe.returncode != 0:
        pytest.skip(f"{programs.MISSING}a machine that runs containers ({probe.err.strip()[-200:]})")
    name = f"cove-{port}"
    engine("run", "--detach", "--name", name, *options, image)
    yield name, f"127.0.0.1:{port}"
    engine("rm", "--force", name)


def test_a_container_with_no_rights_serves_push_and_pull(engine, base_image, container, tmp_path):
    name, host = container

    def answers() -> bool:
        try:
            return Registry(f"http://{host}").get("/v2/").status_code == 200
        except OSError:
            return False

    assert until(answers, seconds=30), engine("logs", name).err
    reference = f"{host}/team/app:1"
    engine.build(reference, f"FROM {base_image}\nCOPY large /large\n", {"large": images.random_bytes(1 << 20)})
    engine("push", reference)
    engine.forget(reference)
    engine("pull", reference)
    engine.forget(reference)
    state = engine("inspect", "--format", "{{.State.Pid}}", name).out.strip()
    lines = Path(f"/proc/{state}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Uid"].split() == ["65532"] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    mounts = [line.split() for line in Path(f"/proc/{state}/mounts").read_text().splitlines()]
    assert "ro" in [options for _, where, _, options, *_ in mounts if where == "/"][-1].split(",")
    # SIGTERM ends it in peace.
    engine("stop", "--time", "60", name)
    assert engine("inspect", "--format", "{{.State.ExitCode}}", name).out.strip() == "0"
    assert (tmp_path / "data" / "cove.db").exists()


def test_the_image_is_small_and_has_no_shell(engine, image):
    made = engine("create", image).out.strip()
    try:
        listing = subprocess.run(
            ["tar", "--list"],
            input=subprocess.run([engine.client, "--host", engine.address, "export", made], capture_output=True).stdout,
            capture_output=True,
        ).stdout.decode()
    finally:
        engine("rm", made)
    names = set(listing.split())
    assert {"bin/cove", "bin/registry", "etc/docker/registry/config.yml"} <= names
    assert not [name for name in names if re.search(r"(^|/)(sh|bash|busybox|perl|python3?)$", name)]
