"""Quotas and immutable tags as people meet them: at docker, and at the command line."""

import json
import secrets

import pytest

from harness import programs
from harness.accounts import ACCOUNTS, ADMINISTRATOR, PASSWORD, Harbor, make_project, made
from harness.raw import expect

pytestmark = pytest.mark.beyond

# With which a command ends that the server refuses for the state of things.
PRECONDITION = 6


@pytest.fixture
def server(new_server):
    return new_server(ACCOUNTS, env=ADMINISTRATOR).start()


@pytest.fixture
def docker(engine, server, tmp_path):
    """Runs docker as the administrator; `refused` is what it says of what it may not do."""

    def run(*arguments: str, **options):
        return engine(*arguments, config=tmp_path / "docker", **options)

    def refused(*arguments: str) -> str:
        done = run(*arguments, check=False)
        assert done.returncode != 0, done.out
        return done.out + done.err

    run("login", "--username", "admin", "--password-stdin", server.host, input=PASSWORD)
    run.refused = refused
    return run


@pytest.fixture
def cove(server, tmp_path):
    """Runs the command line as the administrator; `refused` is what it says of what it may not do."""
    env = programs.environment(COVE_CONFIG=str(tmp_path / "cove.json"), HOME=str(tmp_path))

    def run(*arguments: str, **options):
        return programs.run(programs.binary(), *arguments, env=env, **options)

    def refused(*arguments: str) -> str:
        done = run(*arguments, check=False)
        assert done.returncode == PRECONDITION, (done.returncode, done.out, done.err)
        return done.err

    run("login", server.url, "--username", "admin", "--password-stdin", input=PASSWORD)
    run.refused = refused
    return run


def test_docker_says_which_quota_is_exceeded_and_pushes_when_there_is_room(engine, docker, cove, server, base_image):
    project = make_project(Harbor(server))
    name = f"{server.host}/{project}/app:1"
    engine.build(name, f"FROM {base_image}\nCOPY large /large\n", {"large": secrets.token_bytes(1_500_000)})
    cove("quota", "update", project, "--storage", "1MiB")
    said = docker.refused("push", name)
    assert "denied: adding 1.4 MiB of storage resource" in said and "will exceed the configured upper limit of 1.0 MiB" in said
    expect(Harbor(server).get(f"/projects/{project}/repositories/app/artifacts/1"), 404)
    cove("quota", "update", project, "--storage", "2MiB", "--tags", "1")
    docker("push", name)
    docker("push", name)
    docker("tag", name, name.replace(":1", ":2"))
    assert "adding 1 of tag resource" in docker.refused("push", name.replace(":1", ":2"))
    listed = json.loads(cove("quota", "list", "--query", f"name={project}", "-o", "json").out)
    assert [(quota["hard"], quota["used"]["tags"]) for quota in listed] == [({"storage": 2 << 20, "tags": 1}, 1)]
    told = json.loads(cove("quota", "explain", project, "--config", server.config_path, "--json").out)
    assert told["used"] == told["counted"] == listed[0]["used"]


def test_an_immutable_tag_is_neither_moved_nor_deleted_by_docker_or_the_command_line(engine, docker, cove, server, base_image):
    harbor = Harbor(server)
    project = make_project(harbor)
    name = f"{server.host}/{project}/app:v1"
    engine.build(name, f"FROM {base_image}\nLABEL one=1\n")
    first = docker("push", name).out.rsplit("digest: ", 1)[1].split()[0]
    rule = {
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "v*"}],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
    }
    made(harbor.post(f"/projects/{project}/immutabletagrules", rule))
    docker("push", name)
    engine.build(name, f"FROM {base_image}\nLABEL two=2\n")
    assert "configured as immutable" in docker.refused("push", name)
    engine.build(name.replace("v1", "v2"), f"FROM {base_image}\nLABEL two=2\n")
    docker("push", name.replace("v1", "v2"))
    for what, which in (
        ("tag", f"{project}/app:v1"),
        ("artifact", f"{project}/app:v1"),
        ("artifact", f"{project}/app@{first}"),
        ("repository", f"{project}/app"),
    ):
        assert "configured as immutable" in cove.refused(what, "delete", which)
    shown = json.loads(cove("artifact", "view", f"{project}/app:v1", "-o", "json").out)
    assert shown["digest"] == first and [(tag["name"], tag["immutable"]) for tag in shown["tags"]] == [("v1", True)]
    assert "yes" in cove("tag", "list", f"{project}/app:v1").out
