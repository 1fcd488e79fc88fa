"""Jobs on several nodes and on `cove worker` processes that share a database: one at a time, wherever its worker dies."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness import programs
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, Harbor, make_project, made
from harness.images import artifact, digest_of, image, random_bytes
from harness.jobs import EVERY_SECOND, MANY_REPOSITORIES, collect, log, queue, reaches, schedule, status, workers
from harness.raw import expect
from harness.server import free_port, until

# As short as it may be, so that a worker that dies is soon given up.
LEASE = "2s"


@pytest.fixture
def new_guarded(new_cluster):
    """Makes clusters with accounts, started."""

    def make(max_workers: int, size: int = 2, **config):
        cluster = new_cluster(ACCOUNTS | {"jobs": {"maxworkers": max_workers, "lease": LEASE}} | config, size=size)
        for node in cluster.nodes:
            node.env |= ADMINISTRATOR
        return cluster.start()

    return make


def pools(harbor: Harbor) -> dict[int, dict]:
    """The processes that run jobs, by their process ids."""
    return {one["pid"]: one for one in expect(harbor.get("/jobservice/pools"), 200).json()}


def test_a_job_whose_worker_is_stopped_or_killed_goes_on_elsewhere_and_never_runs_twice_at_a_time(new_guarded):
    cluster = new_guarded(max_workers=0)
    first, second = (Harbor(node) for node in cluster.nodes)
    cluster.database.query(MANY_REPOSITORIES)
    # Nodes that run no jobs take none.
    number = collect(first)
    time.sleep(1)
    assert status(second, number) == "Pending" and queue(second)["count"] == 1 and pools(first) == {}

    one = cluster.add_worker({"jobs": {"maxworkers": 1}})
    reaches(second, number, "Running")
    watched = f"127.0.0.1:{free_port()}"
    two = cluster.add_worker({"jobs": {"maxworkers": 3}, "http": {"debug": {"addr": watched, "prometheus": {"enabled": True}}}})
    assert until(lambda: len(pools(first)) == 2, 30)
    assert {pid: pool["concurrency"] for pid, pool in pools(first).items()} == {one.process.pid: 1, two.process.pid: 3}
    [busy] = workers(first)
    job, pool = busy["job_id"], busy["pool_id"]
    assert pool == pools(first)[one.process.pid]["worker_pool_id"]

    seen: set[tuple[str, ...]] = set()

    def moved(attempt: int) -> bool:
        """Whether an attempt has begun; who is at the job is written down at each look."""
        seen.add(tuple(worker["pool_id"] for worker in workers(second) if worker["job_id"] == job))
        return f"attempt {attempt} of job" in log(second, number)

    # SIGTERM: it hands the job back and is gone from the list.
    one.stop()
    assert until(lambda: moved(2), 30, every=0.3), log(second, number)
    assert "the process ends; the job runs again" in log(second, number)
    assert list(pools(second)) == [two.process.pid]
    assert "\ncove_jobs_running 1\n" in requests.get(f"http://{watched}/metrics", timeout=10).text
    # SIGKILL: nobody hands anything back.
    one.start()
    assert until(lambda: len(pools(first)) == 2, 30)
    two.kill()
    assert until(lambda: moved(3), 30, every=0.3), log(second, number)
    assert list(pools(second)) == [one.process.pid]

    assert all(len(at_it) <= 1 for at_it in seen), seen
    said = [line for line in log(first, number).splitlines() if re.search(r"begins on worker|runs again", line)]
    assert [re.search(r"attempt 1 .* begins|attempt 2 .* begins|attempt 3 .* begins|process ends|was lost in attempt 2", line)[0].split()[-1]
            for line in said] == ["begins", "ends", "begins", "2", "begins"], said  # fmt: skip

    # Asked of one node, done by a worker; and seen on the other.
    expect(second.put(f"/system/gc/{number}"), 200)
    reaches(first, number, "Stopped")
    assert workers(first) == [] and "the job was stopped" in log(first, number)
    time.sleep(1)
    assert status(second, number) == "Stopped"
    one.stop()
    assert pools(first) == {}


def test_workers_that_are_cut_off_from_the_database_leave_their_jobs_and_one_goes_on_when_it_is_back(new_guarded):
    cluster = new_guarded(max_workers=1, size=2)
    harbor = Harbor(cluster.nodes[0])
    cluster.database.query(MANY_REPOSITORIES)
    number = collect(harbor)
    reaches(harbor, number, "Running")
    # For longer than the lease: nobody can say any more whose job it is.
    cluster.services.postgres.stop()
    time.sleep(4)
    cluster.services.postgres.start()
    assert until(lambda: harbor.get(f"/system/gc/{number}").status_code == 200, 30)
    assert until(lambda: "attempt 2 of job" in log(harbor, number), 60, every=0.3), log(harbor, number)
    assert len(workers(harbor)) == 1
    assert until(lambda: len(pools(harbor)) == 2, 30)
    expect(harbor.put(f"/system/gc/{number}"), 200)
    reaches(harbor, number, "Stopped")


def test_a_worker_beside_a_server_on_a_directory_frees_what_lies_there(new_guarded, tmp_path):
    root = tmp_path / "registry"
    cluster = new_guarded(0, 1, storage={"s3": None, "redirect": None, "cache": None, "filesystem": {"rootdirectory": str(root)}}, redis=None)
    harbor, registry = Harbor(cluster.nodes[0]), cluster.nodes[0].registry(auth=ADMIN)
    project = make_project(harbor)
    pushed, kept = image(), image()
    registry.push_image(f"{project}/app", pushed, "1")
    registry.push_image(f"{project}/app", kept, "2")
    expect(registry.delete(f"/v2/{project}/app/manifests/{pushed.digest}"), 202)
    worker = cluster.add_worker({"jobs": {"maxworkers": 1}})
    reaches(harbor, collect(harbor), "Success")
    left = {path.name.split(".")[0] for path in (root / "blobs").rglob("*") if path.is_file()}
    assert left == {blob.digest.removeprefix("sha256:") for blob in kept.blobs}
    for blob in pushed.blobs:
        assert registry.has_blob(f"{project}/app", blob.digest) is (blob.digest in [one.digest for one in kept.blobs])
    # The server has the directory for itself, and starts beside the worker.
    cluster.nodes[0].restart()
    assert registry.blob(f"{project}/app", kept.blobs[0].digest) == kept.blobs[0].data
    worker.stop()


def test_a_worker_says_what_it_lacks(new_guarded):
    cluster = new_guarded(max_workers=0, size=1)
    node = cluster.nodes[0]
    done = programs.run(programs.binary(), "worker", node.config_path, check=False, env=programs.environment())
    assert done.returncode == 1 and "jobs.maxworkers" in done.err
    del node.config["auth"]
    node.write_config()
    done = programs.run(programs.binary(), "worker", node.config_path, check=False, env=programs.environment())
    assert done.returncode == 1 and "auth.accounts" in done.err


def test_a_schedule_is_set_off_once_among_all_nodes(new_guarded):
    cluster = new_guarded(max_workers=2, size=3)
    harbor = Harbor(cluster)
    for path, parameters in (("/system/gc", {"dry_run": True}), ("/system/purgeaudit", {"audit_retention_hour": 1000})):
        expect(schedule(harbor, "Custom", "0 0 3 1 1 *", path=path, **parameters), 201)
    cluster.database.query(f"UPDATE job_schedule SET cron = '{EVERY_SECOND}', next_at = 1")

    def executions() -> list[tuple[str, ...]]:
        return cluster.database.query("SELECT vendor_type, created_at / 1000000 FROM job_execution WHERE triggered_by = 'SCHEDULE'")

    assert until(lambda: len(executions()) >= 12, 60, every=0.5)
    for path in ("/system/gc", "/system/purgeaudit"):
        expect(schedule(harbor, "None", put=True, path=path), 200)
    assert max(Counter(executions()).values()) == 1, executions()
    assert {row[0] for row in executions()} == {"GARBAGE_COLLECTION", "PURGE_AUDIT_LOG"}
    assert until(lambda: cluster.database.query("SELECT COUNT(*) FROM job WHERE status <> 'Success'") == [("0",)], 30)
    assert cluster.database.query("SELECT COUNT(*) FROM job WHERE attempt <> 1") == [("0",)]


def test_no_process_runs_more_jobs_at_once_than_it_may(new_guarded):
    cluster = new_guarded(max_workers=0, size=1)
    harbor, registry = Harbor(cluster.nodes[0]), cluster.nodes[0].registry(auth=ADMIN)
    project = make_project(harbor)
    pushed = image()
    for number in range(24):
        registry.push_image(f"{project}/r{number}", pushed, "v1")
    rule = {
        "action": "retain",
        "template": "always",
        "params": {},
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "**"}],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
    }
    scope = {"level": "project", "ref": expect(harbor.get(f"/projects/{project}"), 200).json()["project_id"]}
    policy = made(harbor.post("/retentions", {"algorithm": "or", "rules": [rule], "scope": scope, "trigger": {"kind": "Schedule"}}))
    limits = (1, 3)
    for limit in limits:
        cluster.add_worker({"jobs": {"maxworkers": limit}})
    assert until(lambda: len(pools(harbor)) == 2, 30)
    names = {pool["worker_pool_id"]: pool["concurrency"] for pool in pools(harbor).values()}
    run = made(harbor.post(f"/retentions/{policy}/executions", {"dry_run": True}))

    def done() -> bool:
        tasks = expect(harbor.get(f"/retentions/{policy}/executions/{run}/tasks", page_size=100), 200).json()
        return len(tasks) == 24 and all(task["status"] == "Success" for task in tasks)

    assert until(done, 60)
    rows = cluster.database.query(
        "SELECT substring(l.text from 'begins on worker (.*)$'), j.started_at, j.ended_at "
        "FROM job j JOIN job_log l ON l.job_id = j.id AND l.number = 0"
    )
    assert len(rows) == 25
    for name, limit in names.items():
        times = [(int(start), int(end)) for worker, start, end in rows if worker == name]
        most = max((sum(start <= moment < end for start, end in times) for moment, _ in times), default=0)
        assert most <= limit, f"{name} may run {limit} at once and ran {most}"


def test_quotas_are_exact_on_many_nodes_and_what_is_set_of_them_acts_on_all_at_once(new_guarded):
    cluster = new_guarded(max_workers=1, size=3)
    harbors, clients = [Harbor(node) for node in cluster.nodes], cluster.registries(auth=ADMIN)
    project = make_project(harbors[0], storage_limit=120_000)
    number = expect(harbors[1].get(f"/projects/{project}"), 200).json()["project_id"]
    expect(harbors[2].put(f"/quotas/{number}", {"hard": {"tags": 30}}), 200)
    layers = [random_bytes(1000) for _ in range(200)]

    def used() -> dict:
        [told] = {str(expect(harbor.get(f"/quotas/{number}"), 200).json()["used"]) for harbor in harbors}
        return expect(harbors[0].get(f"/quotas/{number}"), 200).json()["used"] | {"told": told}

    def push(index: int) -> int:
        client = cluster.nodes[index % 3].registry(auth=ADMIN)
        location = client.start_upload(f"{project}/r{index % 10}")
        return client.finish_upload(location, digest_of(layers[index]), layers[index]).status_code

    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(push, range(200)))
    assert Counter(codes) == {201: 120, 403: 80}
    assert used()["storage"] == 120_000

    shared = artifact("application/x")
    expect(harbors[0].put(f"/quotas/{number}", {"hard": {"storage": 200_000}}), 200)
    for index in range(10):
        clients[index % 3].push_image(f"{project}/r{index}", shared)

    def tag(index: int) -> int:
        client = cluster.nodes[index % 3].registry(auth=ADMIN)
        return client.put_manifest(f"{project}/r{index % 10}", f"t{index}", shared.manifest).status_code

    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(tag, range(100)))
    assert Counter(codes) == {201: 30, 403: 70}
    filled = used()
    assert filled["tags"] == 30
    expect(harbors[0].put(f"/quotas/{number}", {"hard": {"storage": 120_000}}), 200)

    # While quotas are off nothing is refused, and what is used is kept account of.
    expect(harbors[0].put("/configurations", {"quota_per_project_enable": False}), 200)
    more = random_bytes(50)
    clients[2].push_blob(f"{project}/r0", more)
    assert used()["storage"] == filled["storage"] + 50
    expect(harbors[1].put("/configurations", {"quota_per_project_enable": True, "storage_per_project": 777}), 200)
    refused = clients[0].finish_upload(clients[0].start_upload(f"{project}/r0"), digest_of(b"x"), b"x")
    assert "will exceed the configured upper limit of 117.2 KiB" in expect(refused, 403, code="DENIED").text

    # Other nodes hear of the usual limit within two seconds or so.
    def usual() -> int:
        other = make_project(harbors[2])
        return expect(harbors[2].get("/quotas", q=f"name={other}"), 200).json()[0]["hard"]["storage"]

    assert until(lambda: usual() == 777, 20, every=0.5)
