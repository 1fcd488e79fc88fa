"""Jobs: the queue, its schedules and its logs through Harbor's API; garbage collection and the purge of the audit log."""

import json
import time

import pytest

from harness import images, programs
from harness.accounts import ACCOUNTS, ADMINISTRATOR, Harbor
from harness.jobs import (
    EVERY_SECOND,
    KIND,
    MANY_REPOSITORIES,
    act,
    collect,
    execute,
    hurry,
    log,
    queue,
    reaches,
    schedule,
    status,
    workers,
)
from harness.raw import expect
from harness.server import until

pytestmark = pytest.mark.beyond

EVERY_MINUTE = "0 * * * * *"


@pytest.fixture
def harbor(new_server):
    return Harbor(new_server(ACCOUNTS, env=ADMINISTRATOR).start())


@pytest.fixture
def slow_harbor(new_server):
    """One whose garbage takes a while to be looked for."""
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    server.stop()
    execute(server, MANY_REPOSITORIES)
    server.start()
    return Harbor(server)


def stored(server) -> int:
    return sum(path.stat().st_size for path in (server.root / "blobs").rglob("*") if path.is_file())


# Garbage


@pytest.fixture
def littered(new_server):
    """A registry with two images of which one has no tag any more, and what it frees when that goes."""
    server = new_server(env=ADMINISTRATOR).start()
    registry = server.registry()
    kept = images.image({"kept": images.random_bytes(50_000)})
    registry.push_image("team/app", kept, "v1")
    before = stored(server)
    gone = images.image({"gone": images.random_bytes(200_000)})
    registry.push_image("team/app", gone, "v2")
    freed = stored(server) - before
    expect(registry.delete("/v2/team/app/manifests/v2"), 202)
    server.stop()
    # Who pushed without accounts finds it all with them.
    server.config["auth"] = ACCOUNTS["auth"]
    server.write_config()
    return Harbor(server.start()), freed, kept


def test_collecting_garbage_frees_what_nothing_needs_and_says_how_much(littered):
    harbor, freed, kept = littered
    before = stored(harbor.server)
    number = collect(harbor, delete_untagged=True, workers=3, time_window=0)
    run = reaches(harbor, number, "Success")
    parameters = json.loads(run["job_parameters"])
    assert parameters["delete_untagged"] is True and parameters["dry_run"] is False and parameters["workers"] == 3
    assert parameters["freed_space"] == freed and parameters["purged_manifests"] == 1 and parameters["purged_blobs"] == 2
    assert stored(harbor.server) == before - freed
    assert run["job_name"] == KIND and run["job_kind"] == "MANUAL" and run["schedule"]["type"] == "Manual" and run["deleted"] is False
    assert f"freed {freed} bytes" in log(harbor, number) and "attempt 1" in log(harbor, number)
    registry = harbor.server.registry(auth=harbor.auth)
    assert all(registry.has_blob("team/app", blob.digest) for blob in kept.blobs)


def test_a_dry_run_says_what_would_go_and_leaves_it(littered):
    harbor, freed, _ = littered
    before = stored(harbor.server)
    number = collect(harbor, delete_untagged=True, dry_run=True, time_window=0)
    assert json.loads(reaches(harbor, number, "Success")["job_parameters"])["freed_space"] == freed
    assert "would free" in log(harbor, number)
    assert stored(harbor.server) == before


def test_the_history_has_pages_and_filters(harbor):
    numbers = []
    for _ in range(3):
        numbers.append(collect(harbor, dry_run=True))
        reaches(harbor, numbers[-1], "Success")
    page = expect(harbor.get("/system/gc", page=1, page_size=2), 200)
    assert [one["id"] for one in page.json()] == [numbers[2], numbers[1]]
    assert page.headers["X-Total-Count"] == "3" and 'rel="next"' in page.headers["Link"]
    assert [one["id"] for one in expect(harbor.get("/system/gc", sort="id"), 200).json()] == numbers
    assert expect(harbor.get("/system/gc", q="status=Error"), 200).json() == []
    expect(harbor.get("/system/gc", q="colour=red"), 400)
    expect(harbor.get(f"/system/gc/{numbers[-1] + 1000}"), 404)
    expect(harbor.get(f"/system/purgeaudit/{numbers[0]}"), 404)


# Schedules


def test_a_schedule_is_set_off_each_time_it_is_due_until_it_is_removed(harbor):
    assert expect(harbor.get("/system/gc/schedule"), 200).json() == {}
    expect(schedule(harbor, "Custom", EVERY_MINUTE, dry_run=True), 201)
    found = expect(harbor.get("/system/gc/schedule"), 200).json()
    assert found["schedule"]["cron"] == EVERY_MINUTE and found["schedule"]["next_scheduled_time"].endswith(":00.000Z")
    hurry(harbor)
    assert until(lambda: int(harbor.get("/system/gc", q="status=Success").headers["X-Total-Count"]) >= 3, 30)
    run = expect(harbor.get("/system/gc"), 200).json()[-1]
    assert run["job_kind"] == "SCHEDULE" and run["schedule"]["type"] == "Schedule"
    found = expect(harbor.get("/system/gc/schedule"), 200).json()
    assert found["schedule"]["cron"] == EVERY_SECOND and found["schedule"]["type"] == "Custom" and found["schedule"]["next_scheduled_time"]
    assert json.loads(found["job_parameters"])["dry_run"] is True
    listed = expect(harbor.get("/schedules"), 200).json()
    assert [(one["vendor_type"], one["cron"]) for one in listed] == [(KIND, EVERY_SECOND)]
    expect(schedule(harbor, "None", put=True), 200)
    assert expect(harbor.get("/system/gc/schedule"), 200).json() == {}
    time.sleep(0.5)
    total = harbor.get("/system/gc").headers["X-Total-Count"]
    time.sleep(1.5)
    assert harbor.get("/system/gc").headers["X-Total-Count"] == total


def test_usual_types_have_their_times_and_a_second_schedule_takes_the_place_of_the_first(harbor):
    for kind, cron in (("Hourly", "0 0 * * * *"), ("Daily", "0 0 0 * * *"), ("Weekly", "0 0 0 * * 0")):
        expect(schedule(harbor, kind, put=kind != "Hourly"), 201, 200)
        found = expect(harbor.get("/system/gc/schedule"), 200).json()["schedule"]
        assert (found["type"], found["cron"]) == (kind, cron)
    assert len(expect(harbor.get("/schedules"), 200).json()) == 1


def test_pausing_the_scheduler_pauses_every_schedule(harbor):
    act(harbor, "pause", "scheduler")
    assert expect(harbor.get("/schedules/all/paused"), 200).json() == {"paused": True}
    expect(schedule(harbor, "Custom", EVERY_MINUTE, dry_run=True), 201)
    hurry(harbor)
    time.sleep(2)
    assert expect(harbor.get("/system/gc"), 200).json() == []
    act(harbor, "resume", "SCHEDULER")
    assert expect(harbor.get("/schedules/all/paused"), 200).json() == {"paused": False}
    assert until(lambda: expect(harbor.get("/system/gc"), 200).json())


# Queues


def test_a_paused_queue_waits_and_goes_on_when_it_is_resumed(harbor):
    act(harbor, "pause")
    number = collect(harbor, dry_run=True)
    expect(schedule(harbor, "Manual"), 409)
    found = queue(harbor)
    assert found["paused"] is True and found["count"] == 1 and found["latency"] >= 0
    time.sleep(1)
    assert status(harbor, number) == "Pending"
    act(harbor, "resume")
    reaches(harbor, number, "Success")
    assert queue(harbor) == {"job_type": KIND, "count": 0, "latency": 0, "paused": False}


def test_jobs_that_wait_are_ended_together(harbor):
    act(harbor, "pause", "all")
    number = collect(harbor, dry_run=True)
    act(harbor, "stop")
    assert status(harbor, number) == "Stopped"
    act(harbor, "resume", "all")
    reaches(harbor, collect(harbor, dry_run=True), "Success")


def test_the_pool_says_where_it_is_and_its_workers_what_they_are_at(slow_harbor):
    pools = expect(slow_harbor.get("/jobservice/pools"), 200).json()
    assert [(one["pid"], one["concurrency"]) for one in pools] == [(slow_harbor.server.process.pid, 10)]
    number = collect(slow_harbor)
    assert until(lambda: workers(slow_harbor))
    found = workers(slow_harbor)[0]
    assert until(lambda: workers(slow_harbor)[0]["check_in"].startswith("many/r")), "it says how far it has come"
    assert found["job_name"] == KIND and found["pool_id"] == pools[0]["worker_pool_id"] and found["start_at"]
    everyone = expect(slow_harbor.get(f"/jobservice/pools/{found['pool_id']}/workers"), 200).json()
    assert len(everyone) == 10 and len({one["id"] for one in everyone}) == 10
    expect(slow_harbor.get("/jobservice/pools/nowhere/workers"), 404)
    assert until(lambda: "begins on worker" in expect(slow_harbor.get(f"/jobservice/jobs/{found['job_id']}/log"), 200).text)
    expect(slow_harbor.put(f"/jobservice/jobs/{found['job_id']}"), 200)
    reaches(slow_harbor, number, "Stopped")
    assert workers(slow_harbor) == []
    again = collect(slow_harbor)
    reaches(slow_harbor, again, "Running")
    expect(slow_harbor.put("/jobservice/jobs/all"), 200)
    reaches(slow_harbor, again, "Stopped")


def test_a_run_that_is_stopped_ends_within_seconds(slow_harbor):
    number = collect(slow_harbor)
    reaches(slow_harbor, number, "Running")
    expect(slow_harbor.put(f"/system/gc/{number}"), 200)
    reaches(slow_harbor, number, "Stopped")
    assert "stopped" in log(slow_harbor, number)


# Death


def test_what_was_at_work_when_the_server_was_killed_runs_again(slow_harbor):
    number = collect(slow_harbor)
    assert until(lambda: "attempt 1" in log(slow_harbor, number), 30)
    assert status(slow_harbor, number) == "Running"
    slow_harbor.server.kill()
    slow_harbor.server.start()
    assert until(lambda: "attempt 2" in log(slow_harbor, number), 30), log(slow_harbor, number)
    assert status(slow_harbor, number) == "Running" and len(workers(slow_harbor)) == 1
    said = log(slow_harbor, number)
    assert "was lost in attempt 1" in said and said.count("begins on worker") == 2
    assert [one["pid"] for one in slow_harbor.get("/jobservice/pools").json()] == [slow_harbor.server.process.pid]
    expect(slow_harbor.put(f"/system/gc/{number}"), 200)
    reaches(slow_harbor, number, "Stopped")


def test_what_was_at_work_when_the_server_was_stopped_runs_again_and_does_not_hold_it_up(slow_harbor):
    number = collect(slow_harbor)
    reaches(slow_harbor, number, "Running")
    start = time.monotonic()
    slow_harbor.server.stop()
    assert time.monotonic() - start < 25
    slow_harbor.server.start()
    assert until(lambda: "attempt 2" in log(slow_harbor, number), 30)
    assert "the process ends; the job runs again" in log(slow_harbor, number)
    expect(slow_harbor.put(f"/system/gc/{number}"), 200)
    reaches(slow_harbor, number, "Stopped")


# What is kept


def test_logs_go_before_their_jobs_and_the_latest_run_stays(harbor):
    numbers = [collect(harbor, dry_run=True)]
    reaches(harbor, numbers[0], "Success")
    numbers.append(collect(harbor, dry_run=True))
    reaches(harbor, numbers[1], "Success")

    def age(days: int) -> None:
        harbor.server.stop()
        time = f"ended_at = ended_at - {days * 86_400_000_000}"
        execute(harbor.server, f"UPDATE job SET {time}; UPDATE job_execution SET {time}; DELETE FROM schedule WHERE name = 'pruning jobs'")
        harbor.server.start()

    age(31)
    assert until(lambda: "jobs.logretention" in harbor.get(f"/system/gc/{numbers[0]}/log").text, 30)
    expect(harbor.get(f"/system/gc/{numbers[1]}/log"), 404)
    assert [status(harbor, number) for number in numbers] == ["Success", "Success"]
    age(60)
    assert until(lambda: harbor.get(f"/system/gc/{numbers[0]}").status_code == 404, 30)
    assert status(harbor, numbers[1]) == "Success"


# The audit log


def test_old_entries_of_the_audit_log_are_purged_by_kind_and_age(new_server):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    server.stop()
    old = int((time.time() - 100 * 3600) * 1_000_000)
    rows = ", ".join(f"({old}, 'ann', '{operation}', 'artifact', 'a{i}', 1)" for operation in ("pull", "create") for i in range(1500))
    execute(server, f"INSERT INTO audit_log (at, operator, operation, resource_type, resource, result) VALUES {rows}")
    harbor = Harbor(server.start())

    def purge(**parameters) -> dict:
        made = expect(schedule(harbor, "Manual", path="/system/purgeaudit", **parameters), 201).headers["Location"]
        assert made.startswith("/api/v2.0/system/purgeaudit/")
        return reaches(harbor, int(made.rsplit("/", 1)[1]), "Success", path="/system/purgeaudit")

    def left() -> int:
        return int(harbor.get("/auditlog-exts", q="username=ann").headers["X-Total-Count"])

    assert "3000 entries" in log(harbor, purge(audit_retention_hour=99, dry_run=True)["id"], "/system/purgeaudit")
    purge(audit_retention_hour=101)
    assert left() == 3000
    assert json.loads(purge(audit_retention_hour=99, include_event_types="pull_artifact,login_user")["job_parameters"])["purged"] == 1500
    assert left() == 1500
    purge(audit_retention_hour=99, include_operations="create")
    assert left() == 0
    history = expect(harbor.get("/system/purgeaudit"), 200)
    assert history.headers["X-Total-Count"] == "4" and history.json()[0]["job_name"] == "PURGE_AUDIT_LOG"


# Bad input


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "schedule.type"),
        ({"schedule": {}}, "schedule.type"),
        ({"schedule": {"type": "Sometimes"}}, "schedule.type"),
        ({"schedule": {"type": "Custom"}}, "schedule.cron"),
        ({"schedule": {"type": "Custom", "cron": "0 0 * * *"}}, "schedule.cron"),
        ({"schedule": {"type": "Custom", "cron": "0 61 * * * *"}}, "minute"),
        ({"schedule": {"type": "Custom", "cron": "0 0 0 30 2 *"}}, "day of month"),
        ({"schedule": {"type": "Custom", "cron": EVERY_SECOND}}, "seconds"),
        ({"schedule": {"type": "Hourly", "cron": "0/30 0 * * * *"}}, "seconds"),
        ({"schedule": {"type": "Custom", "cron": "' OR 1=1 --"}}, "schedule.cron"),
        ({"schedule": {"type": "Custom", "cron": "*," * 100_000}}, "schedule.cron"),
        ({"schedule": {"type": "Manual"}, "parameters": {"workers": 0}}, "workers"),
        ({"schedule": {"type": "Manual"}, "parameters": {"workers": "3"}}, "workers"),
        ({"schedule": {"type": "Manual"}, "parameters": {"dry_run": "yes"}}, "dry_run"),
        ({"schedule": {"type": "Manual"}, "parameters": {"colour": 1}}, "colour"),
        ({"schedule": {"type": "Manual"}, "parameters": []}, "parameters"),
        ({"schedule": {"type": "Manual"}, "colour": 1}, "colour"),
    ],
)
def test_nonsense_is_refused_with_the_field_named(harbor, body, field):
    for ask in (harbor.post, harbor.put):
        answer = expect(ask("/system/gc/schedule", body), 400)
        assert field in answer.json()["errors"][0]["message"], answer.text
    assert expect(harbor.get("/system/gc"), 200).json() == []


@pytest.mark.parametrize(
    "parameters, field",
    [
        ({}, "audit_retention_hour"),
        ({"audit_retention_hour": 0}, "audit_retention_hour"),
        ({"audit_retention_hour": 240_001}, "audit_retention_hour"),
        ({"audit_retention_hour": 1, "include_operations": "a'b"}, "include_operations"),
        ({"audit_retention_hour": 1, "include_event_types": ["a"]}, "include_event_types"),
    ],
)
def test_a_purge_says_for_how_long_entries_stay(harbor, parameters, field):
    answer = expect(schedule(harbor, "Manual", path="/system/purgeaudit", **parameters), 400)
    assert field in answer.json()["errors"][0]["message"]


def test_what_is_not_there_or_not_allowed_is_said(harbor):
    expect(harbor.put("/jobservice/queues/NOTHING", {"action": "stop"}), 404)
    expect(harbor.put("/jobservice/queues/all", {"action": "burn"}), 400)
    expect(harbor.put("/jobservice/queues/all", {}), 400)
    for job in ("999999", "x", "-1", "%00"):
        expect(harbor.put(f"/jobservice/jobs/{job}"), 404, 400)
        expect(harbor.get(f"/jobservice/jobs/{job}/log"), 404, 400)
    expect(harbor.get("/schedules/RETENTION/paused"), 400)
    expect(harbor.put("/system/gc/999999"), 404)
    for path in ("/jobservice/pools", "/jobservice/queues", "/schedules", "/system/gc", "/system/purgeaudit", "/system/gc/schedule"):
        expect(harbor.get(path, auth=None), 401)


def test_a_worker_beside_a_server_on_sqlite_is_refused(harbor):
    done = programs.run(programs.binary(), "worker", harbor.server.config_path, check=False, env=programs.environment())
    assert done.returncode == 1 and "PostgreSQL" in done.err and "metadata.url" in done.err
