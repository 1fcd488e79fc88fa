"""What runs in the background, driven by `harborapi`: garbage collection, the purge of the audit log, retention."""

import asyncio

import pytest
from harborapi import HarborAsyncClient
from harborapi.exceptions import BadRequest
from harborapi.models import (
    RetentionPolicy,
    RetentionPolicyScope,
    RetentionRule,
    RetentionRuleTrigger,
    RetentionSelector,
    Schedule,
    ScheduleObj,
)

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR
from harness.images import image

pytestmark = pytest.mark.beyond


@pytest.fixture
def server(new_server):
    return new_server(ACCOUNTS, env=ADMINISTRATOR).start()


def test_the_python_client_schedules_runs_and_reads_what_runs_in_the_background(server):
    server.registry(auth=ADMIN).push_image("library/app", image(), "v1", "v2")
    asyncio.run(work(HarborAsyncClient(url=f"{server.url}/api/v2.0", username=ADMIN[0], secret=ADMIN[1], validate=True, raw=False)))


async def eventually(ask, holds):
    for _ in range(300):
        if holds(answer := await ask()):
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(answer)


def when(kind: str, cron: str | None = None, **parameters) -> Schedule:
    return Schedule(schedule=ScheduleObj(type=kind, cron=cron), parameters=parameters)


async def work(admin: HarborAsyncClient) -> None:
    # Garbage.
    await admin.create_gc_schedule(when("Daily", "0 0 0 * * *", delete_untagged=True, workers=2))
    assert (await admin.get_gc_schedule()).schedule.cron == "0 0 0 * * *"
    with pytest.raises(BadRequest):
        await admin.update_gc_schedule(when("Custom", "* * * * * *"))
    await admin.update_gc_schedule(when("None"))
    assert (await admin.get_gc_schedule()).schedule is None
    await admin.create_gc_schedule(when("Manual", dry_run=True))
    [run] = await eventually(admin.get_gc_jobs, lambda runs: [one.job_status for one in runs] == ["Success"])
    assert (await admin.get_gc_job(run.id)).job_kind == "MANUAL"
    assert any("would free 0 bytes" in line for line in await admin.get_gc_log(run.id))

    # The audit log.
    await admin.create_purge_job_schedule(when("Hourly", "0 0 * * * *", audit_retention_hour=24, include_operations="create,delete"))
    assert (await admin.get_purge_job_schedule()).schedule.type.value == "Hourly"
    await admin.create_purge_job_schedule(when("Manual", audit_retention_hour=24))
    [run] = await eventually(admin.get_purge_job_history, lambda runs: [one.job_status for one in runs] == ["Success"])
    assert "0 entries were removed" in await admin.get_purge_job_log(run.id)

    # Retention.
    project = await admin.get_project("library")
    rule = RetentionRule(
        action="retain",
        template="latestPushedK",
        params={"latestPushedK": 3},
        tag_selectors=[RetentionSelector(kind="doublestar", decoration="matches", pattern="**")],
        scope_selectors={"repository": [RetentionSelector(kind="doublestar", decoration="repoMatches", pattern="**")]},
    )
    await admin.create_retention_policy(
        RetentionPolicy(
            algorithm="or",
            rules=[rule],
            trigger=RetentionRuleTrigger(kind="Schedule", settings={"cron": "0 0 3 * * *"}, references={}),
            scope=RetentionPolicyScope(level="project", ref=project.project_id),
        )
    )
    policy = await admin.get_project_retention_id("library")
    assert (await admin.get_retention_policy(policy)).rules[0].params == {"latestPushedK": 3}
    await admin.start_retention_execution(policy, dry_run=True)
    [run] = await eventually(
        lambda: admin.get_retention_executions(policy), lambda runs: [one.status for one in runs] == ["Success"]
    )
    [task] = await admin.get_retention_tasks(policy, run.id)
    assert (task.repository, task.total, task.retained) == ("library/app", 1, 1)
    assert "RETAIN" in await admin.get_retention_execution_task_log(policy, run.id, task.id)
    await admin.delete_retention_policy(policy)
