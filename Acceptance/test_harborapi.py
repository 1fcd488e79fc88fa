"""A day of work with `harborapi`, the Python client of Harbor that people's scripts are written with."""

import asyncio

import pytest
from harborapi import HarborAsyncClient
from harborapi.exceptions import Forbidden, NotFound, StatusError
from harborapi.models import (
    Access,
    ImmutableRule,
    ImmutableSelector,
    Label,
    ProjectMetadata,
    ProjectReq,
    QuotaUpdateReq,
    ResourceList,
    RobotCreate,
    RobotPermission,
    Tag,
    UserCreationReq,
    WebhookPolicy,
    WebhookTargetObject,
)

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, PASSWORD
from harness.images import image
from harness.raw import Registry, expect

pytestmark = pytest.mark.beyond


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from harness.server import Server

    server = Server(tmp_path_factory.mktemp("harborapi"), ACCOUNTS, env=ADMINISTRATOR).start()
    yield server
    server.stop()


def client(server, user: str = ADMIN[0], password: str = ADMIN[1]) -> HarborAsyncClient:
    return HarborAsyncClient(url=f"{server.url}/api/v2.0", username=user, secret=password, validate=True, raw=False)


def test_a_day_of_work(server):
    asyncio.run(day_of_work(server))


async def day_of_work(server) -> None:
    admin = client(server)
    assert (await admin.ping()) == "Pong"
    assert (await admin.health_check()).status == "healthy"
    assert (await admin.get_system_info()).harbor_version

    # The morning: a team gets a project, a developer and a robot.
    await admin.create_project(ProjectReq(project_name="payments", metadata=ProjectMetadata(public="false")))
    assert await admin.project_exists("payments") and not await admin.project_exists("refunds")
    project = await admin.get_project("payments")
    assert project.name == "payments" and project.metadata.public == "false"
    await admin.create_user(
        UserCreationReq(username="dora", email="dora@example.org", realname="Dora", password=PASSWORD, comment="")
    )
    dora = await admin.get_user_by_username("dora")
    await admin.add_project_member_user("payments", "dora", DEVELOPER)
    members = await admin.get_project_members("payments")
    assert {(member.entity_name, member.role_name) for member in members} >= {("dora", "developer")}
    robot = await admin.create_robot(
        RobotCreate(
            name="ci", level="project", duration=30, description="builds",
            permissions=[
                RobotPermission(
                    kind="project", namespace="payments",
                    access=[Access(resource="repository", action="pull"), Access(resource="repository", action="push")],
                )
            ],
        )
    )  # fmt: skip
    assert robot.name == "robot$payments+ci" and robot.secret

    # It pushes; she looks at what came of it.
    pushed = image()
    Registry(server.url, auth=(robot.name, robot.secret)).push_image("payments/api", pushed, "1.0", "latest")
    work = client(server, "dora", PASSWORD)
    assert (await work.get_current_user()).username == "dora"
    repositories = await work.get_repositories("payments")
    assert [repository.name for repository in repositories] == ["payments/api"] and repositories[0].artifact_count == 1
    artifact = await work.get_artifact("payments", "api", "1.0", with_tag=True)
    assert artifact.digest == pushed.digest and {tag.name for tag in artifact.tags} == {"1.0", "latest"}
    await work.create_artifact_tag("payments", "api", "1.0", Tag(name="stable"))
    assert {tag.name for tag in await work.get_artifact_tags("payments", "api", "1.0")} == {"1.0", "latest", "stable"}
    label_id = int((await admin.create_label(Label(name="approved", color="#48960C", scope="g"))).rsplit("/", 1)[1])
    await work.add_artifact_label("payments", "api", "1.0", Label(id=label_id))
    labelled = await work.get_artifacts("payments", "api", with_label=True)
    assert [label.name for label in labelled[0].labels] == ["approved"]
    assert (await work.search("payments")).project[0].name == "payments"

    # She may not do what a developer may not, nor see what is not hers.
    with pytest.raises(Forbidden):
        await work.delete_artifact("payments", "api", "1.0")
    with pytest.raises(StatusError):
        await work.create_user(UserCreationReq(username="eve", email="eve@example.org", realname="Eve", password=PASSWORD))

    # Noon: rules for the project.
    quotas = await admin.get_quotas(reference="project", reference_id=str(project.project_id))
    await admin.update_quota(quotas[0].id, QuotaUpdateReq(hard=ResourceList(storage=1 << 30)))
    quota = await admin.get_quota(quotas[0].id)
    assert quota.hard.root["storage"] == 1 << 30 and 0 < quota.used.root["storage"] < 1 << 20
    await admin.create_project_immutable_tag_rule(
        "payments",
        ImmutableRule(
            action="immutable", template="immutable_template", disabled=False, priority=0, params={},
            tag_selectors=[ImmutableSelector(kind="doublestar", decoration="matches", pattern="1.*")],
            scope_selectors={
                "repository": [ImmutableSelector(kind="doublestar", decoration="repoMatches", pattern="**")]
            },
        ),
    )  # fmt: skip
    with pytest.raises(StatusError):
        await admin.delete_artifact_tag("payments", "api", "1.0", "1.0")
    events = await admin.get_webhook_policy_events("payments") if hasattr(admin, "get_webhook_policy_events") else None
    events = events or await admin.get_webhook_supported_events("payments")
    assert "PUSH_ARTIFACT" in {getattr(event, "root", event) for event in events.event_type}
    await admin.create_webhook_policy(
        "payments",
        WebhookPolicy(
            name="chat", enabled=True, event_types=["PUSH_ARTIFACT"],
            targets=[WebhookTargetObject(type="http", address="https://chat.example.org/hook", skip_cert_verify=False)],
        ),
    )  # fmt: skip
    assert [policy.name for policy in await admin.get_webhook_policies("payments")] == ["chat"]

    # The evening: what was done, and what goes again.
    logs = await admin.get_audit_logs(query="operation=create", limit=100)
    done = {(log.username, log.resource_type) for log in logs}
    assert ("admin", "project") in done and (robot.name, "artifact") in done
    assert (await admin.get_statistics()).total_project_count >= 1
    await admin.delete_robot(robot.id)
    refused = Registry(server.url, auth=(robot.name, robot.secret)).get("/v2/payments/api/tags/list")
    expect(refused, 401)
    await admin.delete_user(dora.user_id)
    with pytest.raises(NotFound):
        await admin.get_user(dora.user_id)
    with pytest.raises(StatusError) as full:
        await admin.delete_project("payments")
    assert full.value.status_code == 412
