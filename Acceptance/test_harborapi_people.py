"""What `test_harborapi.py` has no time for in its day: people, groups, settings and contents by the Python client."""

import asyncio

import pytest
from harborapi import HarborAsyncClient
from harborapi.exceptions import NotFound, StatusError
from harborapi.models import (
    Configurations,
    CVEAllowlist,
    CVEAllowlistItem,
    Label,
    ProjectMetadata,
    ProjectReq,
    Repository,
    UserCreationReq,
    UserGroup,
    UserProfile,
)

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, GUEST, PASSWORD
from harness.images import artifact, image
from harness.server import Server

pytestmark = pytest.mark.beyond


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    server = Server(tmp_path_factory.mktemp("harborapi"), ACCOUNTS, env=ADMINISTRATOR).start()
    yield server
    server.stop()


def client(server, user: str = ADMIN[0], password: str = ADMIN[1]) -> HarborAsyncClient:
    return HarborAsyncClient(url=f"{server.url}/api/v2.0", username=user, secret=password, validate=True, raw=False)


def number(location: str) -> int:
    return int(location.rsplit("/", 1)[1])


def test_people_and_their_groups(server):
    asyncio.run(people(client(server), server))


async def people(admin: HarborAsyncClient, server) -> None:
    await admin.create_user(UserCreationReq(username="ann", email="ann@example.org", realname="Ann", password=PASSWORD, comment=""))
    [ann] = await admin.get_users(query="username=ann")
    await admin.update_user(ann.user_id, UserProfile(email="ann@example.com", realname="Ann Other", comment="new"))
    await admin.set_user_password(ann.user_id, "Another1234")
    await admin.set_user_admin(ann.user_id, True)
    assert (await admin.get_user(ann.user_id)).sysadmin_flag
    await admin.set_user_admin(ann.user_id, False)
    assert [one.username for one in await admin.search_users_by_username("an")] == ["ann"]
    herself = client(server, "ann", "Another1234")
    await herself.set_user_cli_secret(ann.user_id, "Command1234")
    assert await client(server, "ann", "Command1234").get_current_user_permissions("/project/1", relative=True)
    with pytest.raises(StatusError):
        await herself.get_users()

    await admin.create_project(ProjectReq(project_name="teams"))
    group = number(await admin.create_usergroup(UserGroup(group_name="builders", group_type=2)))
    await admin.update_usergroup(group, UserGroup(group_name="makers"))
    assert (await admin.get_usergroup(group)).group_name == "makers"
    assert [one.group_name for one in await admin.search_usergroups("mak")] == ["makers"]
    member = number(await admin.add_project_member_group("teams", group, DEVELOPER))
    await admin.update_project_member_role("teams", member, GUEST)
    assert (await admin.get_project_member("teams", member)).role_id == GUEST
    await admin.delete_usergroup(group)
    with pytest.raises(NotFound):
        await admin.get_usergroup(group)
    assert await admin.get_usergroups() == []
    assert (await admin.get_permissions()).project


def test_projects_and_settings(server):
    asyncio.run(projects(client(server)))


async def projects(admin: HarborAsyncClient) -> None:
    for name in ("one", "two", "three"):
        await admin.create_project(ProjectReq(project_name=name, metadata=ProjectMetadata(public="true")))
    assert {one.name for one in await admin.get_projects(query="name={one two}", page_size=1)} == {"one", "two"}, "page by page"
    await admin.update_project("one", ProjectReq(metadata=ProjectMetadata(public="false")))
    assert (await admin.get_project_metadata("one")).public == "false"
    await admin.set_project_metadata("one", ProjectMetadata(auto_scan="true"))
    await admin.update_project_metadata_entry("one", "auto_scan", {"auto_scan": "false"})
    assert await admin.get_project_metadata_entry("one", "auto_scan") == {"auto_scan": "false"}
    await admin.delete_project_metadata_entry("one", "auto_scan")
    assert (await admin.get_project_summary("one")).repo_count == 0
    assert (await admin.get_project_deletable("one")).deletable
    assert {log.operation for log in await admin.get_project_logs("one")} >= {"create"}
    await admin.update_cve_allowlist(CVEAllowlist(items=[CVEAllowlistItem(cve_id="CVE-2024-1")]))
    assert [one.cve_id for one in (await admin.get_cve_allowlist()).items] == ["CVE-2024-1"]
    await admin.update_config(Configurations(robot_token_duration=31))
    assert (await admin.get_config()).robot_token_duration.value == 31
    assert (await admin.get_system_volume_info()).storage


def test_contents(server):
    asyncio.run(contents(client(server), server))


async def contents(admin: HarborAsyncClient, server) -> None:
    await admin.create_project(ProjectReq(project_name="shop"))
    one, registry = image(), server.registry(auth=ADMIN)
    registry.push_image("shop/team/app", one, "v1")
    registry.push_image("shop/team/app", artifact("application/spdx+json", b"{}", subject=one.manifest))
    await admin.update_repository("shop", "team/app", Repository(description="What it is"))
    assert (await admin.get_repository("shop", "team/app")).description == "What it is"
    seen = await admin.get_artifact("shop", "team/app", "v1", with_tag=True, with_label=True)
    assert (await admin.get_icon(seen.icon)).content
    assert len(await admin.get_artifact_accessories("shop", "team/app", "v1")) == 1
    assert [one.digest for one in await admin.get_project_artifacts("shop", latest=True)] != []
    label = number(await admin.create_label(Label(name="good", color="#48960C", scope="g")))
    await admin.update_label(label, Label(name="better", color="#48960C", scope="g"))
    await admin.add_artifact_label("shop", "team/app", "v1", Label(id=label))
    await admin.delete_artifact_label("shop", "team/app", "v1", label)
    assert [one.name for one in await admin.get_labels(scope="g")] == ["better"] and (await admin.get_label(label)).name == "better"
    await admin.delete_label(label)
    await admin.delete_artifact("shop", "team/app", "v1")
    await admin.delete_repository("shop", "team/app")
    await admin.delete_project("shop")
    with pytest.raises(NotFound):
        await admin.get_project("shop")
