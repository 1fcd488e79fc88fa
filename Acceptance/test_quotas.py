"""Quotas: what a project may hold, in bytes and in tags, and what a push is told that would exceed it."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import programs
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, Harbor, add_member, make_project, make_user
from harness.images import artifact, digest_of, image, random_bytes
from harness.raw import expect

pytestmark = pytest.mark.beyond


@pytest.fixture
def guarded(new_server):
    return new_server(ACCOUNTS, env=ADMINISTRATOR).start()


@pytest.fixture
def harbor(guarded):
    return Harbor(guarded)


@pytest.fixture
def registry(guarded):
    return guarded.registry(auth=ADMIN)


def project_id(harbor: Harbor, name: str) -> int:
    return expect(harbor.get(f"/projects/{name}", auth=ADMIN), 200).json()["project_id"]


def limit(harbor: Harbor, name: str, **hard: int) -> int:
    number = project_id(harbor, name)
    expect(harbor.put(f"/quotas/{number}", {"hard": hard}), 200)
    return number


def used(harbor: Harbor, number: int) -> dict:
    return expect(harbor.get(f"/quotas/{number}"), 200).json()["used"]


def size_of(image) -> int:
    return sum(len(blob.data) for blob in image.blobs) + len(image.manifest.body)


def test_an_image_that_exactly_fills_a_quota_is_taken_and_a_byte_more_is_not(harbor, registry):
    project = make_project(harbor)
    first = image()
    number = limit(harbor, project, storage=size_of(first))
    registry.push_image(f"{project}/app", first, "1")
    assert used(harbor, number) == {"storage": size_of(first), "tags": 1}
    # The same content elsewhere in the project costs nothing.
    registry.push_image(f"{project}/again", first, "1")
    assert used(harbor, number) == {"storage": size_of(first), "tags": 2}
    location = registry.start_upload(f"{project}/app")
    refused = expect(registry.finish_upload(location, digest_of(b"x"), b"x"), 403, code="DENIED")
    message = refused.json()["errors"][0]["message"]
    assert message.startswith("adding 1.0 Byte of storage resource, which when updated to current usage of ")
    assert "will exceed the configured upper limit of" in message
    assert used(harbor, number)["storage"] == size_of(first)


def test_a_layer_is_mounted_only_where_there_is_room_for_it(harbor, registry):
    source, target = make_project(harbor), make_project(harbor)
    data = random_bytes(5000)
    digest = registry.push_blob(f"{source}/app", data)
    limit(harbor, target, storage=4999)
    mount = {"mount": digest, "from": f"{source}/app"}
    expect(registry.post(f"/v2/{target}/app/blobs/uploads/", params=mount), 403, code="DENIED")
    number = limit(harbor, target, storage=5000)
    expect(registry.post(f"/v2/{target}/app/blobs/uploads/", params=mount), 201)
    assert used(harbor, number)["storage"] == 5000


def test_what_is_deleted_makes_room_at_once_and_a_refused_push_takes_none(harbor, registry):
    project = make_project(harbor)
    first, second = image({"a": random_bytes(3000)}), image({"b": random_bytes(3000)})
    number = limit(harbor, project, storage=size_of(first) + size_of(second) - 1)
    registry.push_image(f"{project}/app", first, "1")
    for blob in second.blobs:
        registry.push_blob(f"{project}/app", blob.data)
    expect(registry.put_manifest(f"{project}/app", "2", second.manifest), 403, code="DENIED")
    assert used(harbor, number) == {"storage": size_of(first), "tags": 1}
    expect(registry.delete(f"/v2/{project}/app/manifests/{first.digest}"), 202)
    assert used(harbor, number) == {"storage": 0, "tags": 0}
    # Its layers are there still, so the manifest alone is enough, and takes them with it.
    registry.push_manifest(f"{project}/app", "2", second.manifest)
    assert used(harbor, number) == {"storage": size_of(second), "tags": 1}


def test_two_hundred_pushes_at_once_end_exactly_at_the_quota(harbor, guarded, registry):
    project = make_project(harbor)
    layers = [random_bytes(1000) for _ in range(200)]
    number = limit(harbor, project, storage=120_000, tags=70)

    def push(index: int) -> int:
        client = guarded.registry(auth=ADMIN)
        location = client.start_upload(f"{project}/r{index % 10}")
        return client.finish_upload(location, digest_of(layers[index]), layers[index]).status_code

    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(push, range(200)))
    assert sorted(set(codes)) == [201, 403] and codes.count(201) == 120
    assert used(harbor, number)["storage"] == 120_000

    limit(harbor, project, storage=-1)
    shared = artifact("application/x")
    for index in range(10):
        registry.push_image(f"{project}/r{index}", shared)

    def tag(index: int) -> int:
        return guarded.registry(auth=ADMIN).put_manifest(f"{project}/r{index % 10}", f"t{index}", shared.manifest).status_code

    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(tag, range(200)))
    assert codes.count(201) == 70 and codes.count(403) == 130
    assert used(harbor, number)["tags"] == 70


def test_a_limit_below_what_is_used_only_refuses_what_comes(harbor, registry):
    project = make_project(harbor)
    first = image()
    registry.push_image(f"{project}/app", first, "1")
    number = limit(harbor, project, storage=10, tags=1)
    assert used(harbor, number) == {"storage": size_of(first), "tags": 1}
    registry.push_manifest(f"{project}/app", "1", first.manifest)
    expect(registry.put_manifest(f"{project}/app", "2", first.manifest), 403, code="DENIED")
    assert expect(registry.get_manifest(f"{project}/app", "1"), 200).content == first.manifest.body


def test_quotas_are_listed_and_changed_by_administrators(harbor, registry):
    projects = [make_project(harbor) for _ in range(3)]
    numbers = [limit(harbor, name, storage=size) for name, size in zip(projects, (500_000_003, 500_000_001, 500_000_002))]
    listed = expect(harbor.get("/quotas", sort="-hard.storage", page_size=3), 200)
    assert [quota["ref"]["name"] for quota in listed.json()] == [projects[0], projects[2], projects[1]]
    assert int(listed.headers["X-Total-Count"]) >= 4
    found = expect(harbor.get("/quotas", reference="project", reference_id=str(numbers[1])), 200).json()
    assert [quota["id"] for quota in found] == [numbers[1]]
    assert found[0]["hard"] == {"storage": 500_000_001, "tags": -1}
    assert found[0]["creation_time"] == expect(harbor.get(f"/projects/{projects[1]}"), 200).json()["creation_time"] < found[0]["update_time"]
    for body, field in (
        ({"hard": {"storage": 0}}, "hard.storage"),
        ({"hard": {"storage": -2}}, "hard.storage"),
        ({"hard": {"storage": "1"}}, "hard.storage"),
        ({"hard": {"blobs": 1}}, "hard.blobs"),
        ({"hard": {}}, "hard"),
        ({"soft": {}}, "soft"),
    ):
        assert field in expect(harbor.put(f"/quotas/{numbers[0]}", body), 400).json()["errors"][0]["message"]
    expect(harbor.put("/quotas/999999", {"hard": {"storage": 1}}), 404)
    expect(harbor.get("/quotas", reference_id="x"), 400)
    user = make_user(harbor)
    add_member(harbor, projects[0], user[0], DEVELOPER)
    expect(harbor.get("/quotas", auth=user), 403)
    expect(harbor.get(f"/quotas/{numbers[0]}", auth=user), 403)
    expect(harbor.put(f"/quotas/{numbers[0]}", {"hard": {"storage": 1}}, auth=user), 403)
    expect(harbor.get("/quotas", auth=None), 401)


def test_what_uses_a_quota_is_explained(harbor, guarded, registry):
    project = make_project(harbor)
    shared, own = random_bytes(2000), random_bytes(300)
    for name in ("app", "web"):
        registry.push_blob(f"{project}/{name}", shared)
    registry.push_blob(f"{project}/app", own)
    limit(harbor, project, storage=10_000)
    command = [programs.binary(), "quota", "explain", project, "--config", str(guarded.config_path)]
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True, timeout=60).stdout)
    assert told["hard"]["storage"] == 10_000 and told["used"]["storage"] == told["counted"]["storage"] == 2300
    assert [(row["repository"], row["unique_bytes"], row["shared_bytes"]) for row in told["repositories"]] == [
        (f"{project}/app", 300, 2000),
        (f"{project}/web", 0, 2000),
    ]
    table = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "UNIQUE" in table and "300.0 Byte" in table and "2.2 KiB of 9.8 KiB" in table
    absent = subprocess.run([*command[:3], "absent", *command[4:]], capture_output=True, text=True, timeout=60)
    assert absent.returncode == 1 and "there is no project 'absent'" in absent.stderr
