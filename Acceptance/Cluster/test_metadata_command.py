"""`cove metadata`: from one file on one machine to a database that many nodes share."""

import contextlib
import json
import sqlite3
import time

import pytest

from harness import images, postgres, programs
from harness.images import digest_of, random_bytes
from harness.raw import expect
from harness.retrying import Crowd
from harness.server import Server, free_port


def cove(*arguments, **options):
    options.setdefault("check", False)
    return programs.run(programs.binary(), *arguments, **options)


def check_no_secret(done) -> None:
    for secret in (postgres.PASSWORD, postgres.ENCODED_PASSWORD):
        assert secret not in done.out + done.err


@pytest.fixture
def filled(new_server):
    """A server on SQLite with some of everything, and what is in it."""
    server = new_server().start()
    registry = server.registry()
    pushed = []
    for number in range(60):
        annotations = {"number": str(number), "text": "ä ' \" \\ \n"}
        image = images.image({"content": random_bytes(500)}, annotations=annotations)
        registry.push_image(f"team-{number % 7}/app", image, f"v{number}", "latest")
        pushed.append((f"team-{number % 7}/app", f"v{number}", image))
    subject = pushed[0][2]
    for kind in ("sbom", "signature"):
        attached = images.artifact(f"application/vnd.example.{kind}", random_bytes(50), subject=subject.manifest)
        registry.push_image("team-0/app", attached)
    everything = images.index(pushed[0][2].manifest, pushed[7][2].manifest)
    registry.push_manifest("team-0/app", "all", everything)
    expect(registry.delete(f"/v2/team-1/app/manifests/{pushed[1][2].digest}"), 202)
    expect(registry.delete("/v2/team-2/app/manifests/v2"), 202)
    del pushed[1:3]
    return server, pushed


def counts(server: Server) -> dict[str, int]:
    """Rows of every table of the SQLite database that holds something of the registry's."""
    with contextlib.closing(sqlite3.connect(f"file:{server.root}/cove.db?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for name in tables
            if not name.startswith(("sqlite_", "grdb_", "schema"))
        }


def served_by_postgres(server: Server, database) -> Server:
    """The same directory of blobs, with the metadata elsewhere."""
    server.config["metadata"] = {"url": database.url}
    server.write_config()
    return server.start()


def check_all_there(server: Server, pushed) -> None:
    registry = server.registry()
    for repository, tag, image in pushed:
        assert registry.get_manifest(repository, tag).content == image.manifest.body
        for blob in image.blobs:
            assert registry.blob(repository, blob.digest) == blob.data


def test_a_store_is_copied_to_postgresql_row_for_row_and_served_from_there(filled, services):
    server, pushed = filled
    location = server.registry().start_upload("team-3/app")
    expect(server.registry().patch(location, data=b"half of it, "), 202)
    listed = {f"team-{number}/app": server.registry().tags(f"team-{number}/app") for number in range(7)}
    server.stop()
    database = services.postgres.create_database()
    done = cove("metadata", "copy", "--from", f"sqlite:{server.root}/cove.db", "--to", database.url, "--json")
    assert done.returncode == 0, done.out + done.err
    assert json.loads(done.out)
    check_no_secret(done)

    expected = counts(server)
    assert expected["manifest"] == 62 and expected["tag_history"] > 100
    copied = {name: int(database.query(f'SELECT count(*) FROM "{name}"')[0][0]) for name in expected}
    assert copied == expected
    with contextlib.closing(sqlite3.connect(f"file:{server.root}/cove.db?mode=ro", uri=True)) as source:
        columns = "id, repository_id, lower(hex(digest)), media_type, annotations, created_at"
        query = f"SELECT {columns} FROM manifest ORDER BY id"
        rows = [tuple("" if value is None else str(value) for value in row) for row in source.execute(query)]
    assert database.query(query.replace("lower(hex(digest))", "encode(digest, 'hex')")) == rows

    served_by_postgres(server, database)
    check_all_there(server, pushed)
    registry = server.registry()
    assert {name: registry.tags(name) for name in listed} == listed
    assert len(registry.referrers("team-0/app", pushed[0][2].digest)) == 2
    # New rows must not be given numbers that copied ones have.
    registry.push_image("team-0/app", images.image(), "new")
    registry.push_image("a-new-team/app", images.image(), "new")
    expect(registry.finish_upload(location, digest_of(b"half of it, and the rest"), b"and the rest"), 201)
    assert registry.blob("team-3/app", digest_of(b"half of it, and the rest")) == b"half of it, and the rest"


def test_a_store_is_copied_while_it_is_pushed_to(filled, services):
    server, pushed = filled
    registry = server.registry()
    numbers = iter(range(100_000))

    def push() -> None:
        registry.push_image("busy/app", images.image(), f"v{next(numbers)}")

    database = services.postgres.create_database()
    with Crowd() as crowd:
        crowd.add(push)
        time.sleep(0.5)
        done = cove("metadata", "copy", "--from", f"sqlite:{server.root}/cove.db", "--to", database.url)
        assert done.returncode == 0, done.out + done.err
        time.sleep(0.2)
    assert crowd.done > 3
    # One moment of the source: no row without those that it refers to.
    missing = "SELECT count(*) FROM tag t LEFT JOIN manifest m ON m.id = t.manifest_id WHERE m.id IS NULL"
    assert database.query(missing) == [("0",)]
    server.stop()
    served_by_postgres(server, database)
    check_all_there(server, pushed)


def test_a_copy_into_a_database_that_is_in_use_is_refused(filled, services):
    server, pushed = filled
    database = services.postgres.create_database()
    source = f"sqlite:{server.root}/cove.db"
    assert cove("metadata", "copy", "--from", source, "--to", database.url).returncode == 0
    before = database.query("SELECT count(*) FROM manifest")
    again = cove("metadata", "copy", "--from", source, "--to", database.url)
    assert again.returncode == 1, again.out
    assert "empty" in again.err + again.out
    check_no_secret(again)
    assert database.query("SELECT count(*) FROM manifest") == before


def test_a_copy_from_a_store_that_is_not_there_says_so_and_makes_none(services, tmp_path):
    database = services.postgres.create_database()
    done = cove("metadata", "copy", "--from", f"sqlite:{tmp_path}/nothing.db", "--to", database.url)
    assert done.returncode == 1
    assert "nothing.db" in done.out + done.err
    check_no_secret(done)
    assert not (tmp_path / "nothing.db").exists()


def test_a_copy_to_a_database_that_is_not_there_says_so_soon(filled, services):
    server, _ = filled
    port = free_port()
    target = services.postgres.create_database().url_with("open%20sesame", port)
    began = time.monotonic()
    done = cove("metadata", "copy", "--from", f"sqlite:{server.root}/cove.db", "--to", target)
    assert done.returncode == 1 and time.monotonic() - began < 10
    assert str(port) in done.out + done.err
    assert "sesame" not in done.out + done.err


def test_a_database_is_migrated_by_hand_before_any_node_starts(new_cluster, services):
    cluster = new_cluster(size=2)
    config = cluster.nodes[0].config_path
    before = cove("metadata", "status", config, "--json")
    assert json.loads(before.out)
    migrated = cove("metadata", "migrate", config)
    assert migrated.returncode == 0, migrated.out + migrated.err
    check_no_secret(migrated)
    assert int(cluster.database.query("SELECT count(*) FROM manifest")[0][0]) == 0
    after = cove("metadata", "status", config, "--json")
    assert after.returncode == 0 and json.loads(after.out) != json.loads(before.out)
    cluster.start()
    cluster.registry().push_image("app", images.image(), "1")
    again = cove("metadata", "migrate", config)
    assert again.returncode == 0, "nothing to do is no failure"
    assert cluster.registry().tags("app") == ["1"]
