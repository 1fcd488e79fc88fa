"""A database or a bucket that cannot be used: which setting, what the service said, what to try, and soon."""

import contextlib
import re
import socket
import time

import pytest

from harness import images, postgres, programs, s3, yaml
from harness.images import random_bytes
from harness.server import free_port, merged

# A remedy is an instruction.
REMEDY = r"(?i)\b(check|create|set|start|grant|use|give|try|make|install|allow|choose|name|see|raise|must be)\b"
SECRETS = ("open sesame", "open%20sesame", postgres.PASSWORD, postgres.ENCODED_PASSWORD, s3.SECRET_KEY)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """An S3 that checks signatures, with a bucket, and the key to it."""
    server = s3.S3(tmp_path_factory.mktemp("guarded")).start()
    key, secret = server.guard()
    yield {"accesskey": key, "secretkey": secret, "regionendpoint": server.url}
    server.stop()


@pytest.fixture
def silent():
    """A port where connections are taken and nothing is ever said."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(params=["serve", "check"])
def run(request, services, guarded, tmp_path):
    """Runs `cove serve` or `cove config check --connect` with changes to a configuration that works."""

    def start(s3: dict | None = None, database: str | None = None, **more):
        usual = services.config(services.postgres.create_database(), "bad-connections")
        changes: dict = {"storage": {"s3": guarded | (s3 or {})}, **more}
        if database:
            changes["metadata"] = {"url": database}
        here = {"version": 0.1, "http": {"addr": f"127.0.0.1:{free_port()}"}}
        config = merged(merged(usual, here), changes)
        config["storage"].pop("filesystem", None)
        path = tmp_path / "config.yml"
        path.write_text(yaml.dump(config))
        command = ("serve", path) if request.param == "serve" else ("config", "check", "--connect", path)
        began = time.monotonic()
        done = programs.run(programs.binary(), *command, check=False, timeout=30)
        done.seconds = time.monotonic() - began
        done.said = done.out + done.err
        print(done.said)
        return done

    return start


def check_refused(done, setting: str, *words: str) -> None:
    assert done.returncode == 1, done.said
    assert done.seconds < 10
    assert setting in done.said
    for word in words:
        assert re.search(word, done.said), f"{word} is not in: {done.said}"
    assert re.search(REMEDY, done.said), f"nothing to try in: {done.said}"
    assert "Fatal error" not in done.said
    assert not [secret for secret in SECRETS if secret in done.said], "a secret is shown"
    assert len(done.said.strip().splitlines()) <= 12, "too much to read"


# The bucket


def test_a_bucket_that_is_not_there_is_said(run):
    check_refused(run(s3={"bucket": "no-such-bucket"}), "storage.s3.bucket", "no-such-bucket", "NoSuchBucket")


def test_an_access_key_that_nobody_knows_is_said(run):
    done = run(s3={"accesskey": "AKIAWRONG", "secretkey": "open sesame of s3"})
    check_refused(done, "storage.s3.accesskey", "InvalidAccessKeyId")


def test_a_secret_key_that_does_not_fit_is_said(run):
    check_refused(run(s3={"secretkey": "open sesame of s3"}), "storage.s3.secretkey", "SignatureDoesNotMatch")


def test_an_s3_where_nobody_listens_is_said(run):
    port = free_port()
    done = run(s3={"regionendpoint": f"http://127.0.0.1:{port}"})
    check_refused(done, "storage.s3.regionendpoint", str(port), r"(?i)refused")


def test_an_s3_that_never_answers_is_said_within_ten_seconds(run, silent):
    done = run(s3={"regionendpoint": f"http://127.0.0.1:{silent}"})
    check_refused(done, "storage.s3.regionendpoint", str(silent))


def test_an_s3_that_is_something_else_is_said(run, services):
    """The port of the database, say."""
    done = run(s3={"regionendpoint": f"http://127.0.0.1:{services.postgres.port}"})
    check_refused(done, "storage.s3.regionendpoint", str(services.postgres.port))


# The database


def test_a_database_where_nobody_listens_is_said(run):
    port = free_port()
    done = run(database=f"postgresql://cove:open%20sesame@127.0.0.1:{port}/cove")
    check_refused(done, "metadata.url", str(port), r"(?i)refused")


def test_a_database_that_never_answers_is_said_within_ten_seconds(run, silent):
    done = run(database=f"postgresql://cove:open%20sesame@127.0.0.1:{silent}/cove")
    check_refused(done, "metadata.url", r"(?i)time")


def test_a_wrong_password_of_the_database_is_said_and_not_shown(run, services):
    database = services.postgres.create_database()
    done = run(database=database.url_with("open%20sesame"))
    check_refused(done, "metadata.url", "password authentication failed")


def test_a_user_that_the_database_does_not_know_is_said(run, services):
    where = f"127.0.0.1:{services.postgres.port}"
    done = run(database=f"postgresql://nobody:open%20sesame@{where}/postgres")
    check_refused(done, "metadata.url", "nobody")


def test_a_database_that_does_not_exist_is_said(run, services):
    url = services.postgres.create_database().url
    done = run(database=url.rsplit("/", 1)[0] + "/no_such_database")
    check_refused(done, "metadata.url", "no_such_database", "does not exist")


def test_a_user_who_may_not_make_tables_is_said(run, services):
    database = services.postgres.create_database()
    services.postgres.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database.name)
    services.postgres.query(f"ALTER DATABASE {database.name} OWNER TO postgres")
    services.postgres.query("ALTER SCHEMA public OWNER TO postgres", database.name)
    check_refused(run(database=database.url), "metadata.url", r"(?i)permission denied")


def test_tls_that_the_database_does_not_offer_is_said(run, services):
    done = run(database=services.postgres.create_database().url + "?sslmode=require")
    check_refused(done, "metadata.url", "SSL")


def test_an_url_of_another_database_is_refused(run):
    done = run(database="mysql://cove:open%20sesame@127.0.0.1/cove")
    check_refused(done, "metadata.url", "postgresql://")


# And the right ones


def test_a_check_of_a_good_configuration_says_so_and_changes_nothing(services, guarded, tmp_path):
    database = services.postgres.create_database()
    usual = services.config(database, "good-connections")
    config = merged(usual, {"version": 0.1, "storage": {"s3": guarded}, "http": {"addr": f"127.0.0.1:{free_port()}"}})
    config["storage"].pop("filesystem", None)
    path = tmp_path / "config.yml"
    path.write_text(yaml.dump(config))
    done = programs.run(programs.binary(), "config", "check", "--connect", path, timeout=30)
    assert not [secret for secret in SECRETS if secret in done.out + done.err]
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert database.query(tables) == [("0",)], "a check is no migration"


def test_the_right_key_opens_a_bucket_that_checks_signatures(new_cluster, services, guarded):
    """moto computes each signature anew, from what it received: of uploads in parts, lists and deletions too. (Not of
    signed addresses: those it does not understand.)"""
    cluster = new_cluster({"storage": {"s3": guarded}}, size=2).start()
    registry = cluster.registry()
    image = images.image({"content": random_bytes(7_000_000)}, {"small": b"small"})
    registry.push_image("app/with.odd-names_1", image, "1")
    for blob in image.blobs:
        assert registry.blob("app/with.odd-names_1", blob.digest) == blob.data
    location = registry.start_upload("app")
    registry.patch(location, data=random_bytes(6_000_000))
    assert registry.delete(location).status_code == 204
