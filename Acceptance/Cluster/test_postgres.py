"""The database goes away and comes back."""

import concurrent.futures
import itertools
import os
import signal
import time
from pathlib import Path

import pytest

from harness import images
from harness.images import random_bytes
from harness.raw import Registry, expect
from harness.retrying import Crowd, RetryingClient
from harness.server import until

# No request may take longer than this while the database is away, however it is answered.
PATIENCE = 15


def push_and_pull(url: str, number: int, acknowledged: list):
    """A client that pushes an image, pulls it, moves a tag to it and reads the tag."""
    client = RetryingClient(url)
    numbers = itertools.count()
    repository = f"app-{number % 3}"

    def work() -> None:
        image = images.image({"content": random_bytes(2000)})
        tag = f"client-{number}-{next(numbers)}"
        client.push_image(repository, image, tag)
        acknowledged.append((repository, tag, image))
        client.push_manifest(repository, f"moving-{number}", image.manifest)
        client.pull_image(repository, f"moving-{number}", image)

    return client, work


def check_failures(clients: list[RetryingClient]) -> None:
    """Refused at once and told when to come back: nothing that looks like an answer, and nobody kept waiting."""
    for attempt in (attempt for client in clients for attempt in client.attempts):
        assert attempt.seconds < PATIENCE, attempt
        # nginx ends a client's connection when a request was refused before its body; whoever reuses it just then begins anew, as
        # docker does (RFC 9112 section 9.3.1). A node that cuts off a request shows as 502.
        if attempt.failed and not (attempt.error == "ConnectionError" and attempt.method in ("GET", "HEAD")):
            assert attempt.status == 503 and attempt.retry_after, attempt


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_restart_of_the_database_under_load_costs_seconds_and_nothing_that_was_acknowledged(
    new_cluster, services, mode
):
    cluster = new_cluster().start()
    acknowledged: list = []
    clients = []
    with Crowd() as crowd:
        for number in range(8):
            client, work = push_and_pull(cluster.url, number, acknowledged)
            clients.append(client)
            crowd.add(work)
        time.sleep(2)
        before = len(acknowledged)
        services.postgres.stop(mode)
        time.sleep(2)
        services.postgres.start()
        back = time.monotonic()
        assert until(lambda: len(acknowledged) > before + 8 or crowd.errors, seconds=PATIENCE), "no service again"
        print(f"served again {time.monotonic() - back:.1f} s after the database was back")
        time.sleep(2)
        assert not crowd.errors, crowd.errors[0]
    failures = [attempt for client in clients for attempt in client.failures]
    print(f"{len(acknowledged)} images, {len(failures)} failed requests")
    assert failures, "nobody noticed: too little happened to prove anything"
    last_failure = max(attempt.ended for attempt in failures)
    assert last_failure - back < 10, "errors went on for too long"
    check_failures(clients)
    for node in cluster.nodes:
        reader = RetryingClient(node.url)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for result in [pool.submit(reader.pull_image, *pushed) for pushed in acknowledged]:
                result.result()
        assert not reader.failures


def test_requests_are_refused_while_the_database_does_not_answer(new_cluster, services):
    """It hangs: connections stand, nothing comes. Nobody waits for ever, and all is well when it goes on."""
    cluster = new_cluster({"metadata": {"statementtimeout": "3s"}}).start()
    registry = cluster.registry()
    registry.push_image("app", images.image(), "1")
    frozen = frozen_processes(services.postgres)
    try:
        for process in frozen:
            os.kill(process, signal.SIGSTOP)

        def ask(number: int):
            began = time.monotonic()
            # One reads what no cache has, the other writes.
            if number % 2:
                answer = Registry(cluster.url).get(f"/v2/app/manifests/unknown-{number}")
            else:
                answer = Registry(cluster.url).post("/v2/app/blobs/uploads/")
            return answer, time.monotonic() - began

        with concurrent.futures.ThreadPoolExecutor(40) as pool:  # more than there are connections in the pools
            for answer, seconds in pool.map(ask, range(40)):
                expect(answer, 503)
                assert answer.headers["Retry-After"]
                assert seconds < 2 * PATIENCE
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)
    client = RetryingClient(cluster.url, patience=PATIENCE)
    client.push_image("app", images.image(), "2")
    assert sorted(registry.tags("app")) == ["1", "2"]


def frozen_processes(postgres) -> list[int]:
    """The postmaster and all that it started."""
    master = postgres.process.pid
    return [master, *map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split())]


def test_a_node_is_not_ready_while_the_database_is_away(new_cluster, services):
    quick = {"health": {"storagedriver": {"enabled": True, "interval": "1s", "threshold": 2}}}
    cluster = new_cluster(quick, size=1).start()
    (node,) = cluster.nodes
    assert node.is_ready
    services.postgres.stop("immediate")
    assert until(lambda: not node.is_ready, seconds=15, every=0.2)
    assert node.registry().get("/healthz").status_code == 200, "the process is alive: restarting it would not help"
    services.postgres.start()
    assert until(lambda: node.is_ready, seconds=15, every=0.2)


def test_connections_that_the_database_ends_are_made_anew(new_cluster, services):
    """By an administrator, a failover or a firewall. Idle connections are the pool's affair, not the client's."""
    cluster = new_cluster().start()
    registry = cluster.registry()
    image = images.image()
    for number in range(5):
        registry.push_image("app", image, f"v{number}")
        ended = services.postgres.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            f"WHERE datname = '{cluster.database.name}' AND pid <> pg_backend_pid()"
        )
        assert int(ended[0][0]) > 0
        time.sleep(0.2)
        client = RetryingClient(cluster.url)
        for tag in range(number + 1):
            client.pull_image("app", f"v{tag}", image)
        client.push_manifest("app", f"again-{number}", image.manifest)
        assert len(client.failures) <= 3 * 10, "more failures than there were connections"


def test_a_node_keeps_to_its_number_of_connections(new_cluster, services):
    cluster = new_cluster({"metadata": {"maxconnections": 4}}, size=1).start()
    with Crowd() as crowd:
        for number in range(16):
            _, work = push_and_pull(cluster.url, number, [])
            crowd.add(work)
        most = 0
        for _ in range(20):
            time.sleep(0.1)
            rows = services.postgres.query(
                f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{cluster.database.name}'"
            )
            most = max(most, int(rows[0][0]))
    print(f"{most} connections")
    # One more may wait for notifications, and one hold the lock of the cleaners.
    assert 1 <= most <= 4 + 2


def test_many_nodes_that_start_at_once_on_an_empty_database_all_come_up(new_cluster):
    for _ in range(2):
        cluster = new_cluster(size=5)
        cluster.start()
        digest = cluster.registry().push_image("app", images.image(), "1")
        for registry in cluster.registries():
            assert expect(registry.get_manifest("app", "1"), 200).headers["Docker-Content-Digest"] == digest
        cluster.stop()


def test_a_database_behind_tls_is_reached_with_sslmode(new_cluster, services, authority, tmp_path):
    issued = authority.issue("postgres")
    postgres = services.postgres
    for name, file in (("server.pem", issued.certificate), ("server.key", issued.key)):
        copy = postgres.data / name
        copy.write_bytes(file.read_bytes())
        copy.chmod(0o600)
        os.chown(copy, postgres.data.stat().st_uid, postgres.data.stat().st_gid)
    files = "ALTER SYSTEM SET ssl_cert_file = 'server.pem'; ALTER SYSTEM SET ssl_key_file = 'server.key';"
    for statement in (files + "ALTER SYSTEM SET ssl = on;").split(";")[:-1]:
        postgres.query(statement)
    try:
        assert until(lambda: reloaded(postgres, "on"))
        cluster = new_cluster(size=1)
        root = tmp_path / "root.pem"
        root.write_bytes(authority.certificate.read_bytes())
        (node,) = cluster.nodes
        node.config["metadata"]["url"] += f"?sslmode=verify-ca&sslrootcert={root}"
        node.write_config()
        node.start()
        node.registry().push_image("app", images.image(), "1")
        encrypted = postgres.query(
            "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
            f"WHERE datname = '{cluster.database.name}'"
        )
        assert encrypted == [("t",)]
    finally:
        postgres.query("ALTER SYSTEM RESET ssl")
        assert until(lambda: reloaded(postgres, "off"))


def reloaded(postgres, ssl: str) -> bool:
    postgres.query("SELECT pg_reload_conf()")
    return postgres.query("SHOW ssl") == [(ssl,)]
