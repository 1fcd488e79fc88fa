"""The audit log: who did what, to which, from where, with what result."""

import json
import subprocess

import pytest

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, GUEST, LIMITED_GUEST, Harbor, add_member, make_project, make_user
from harness.raw import expect
from harness.server import until

pytestmark = pytest.mark.beyond


@pytest.fixture
def harbor(new_server):
    return Harbor(new_server(ACCOUNTS, env=ADMINISTRATOR).start())


def entries(harbor, path="/auditlog-exts", **params):
    return expect(harbor.get(path, **params), 200).json()


def words(entry) -> str:
    return f"{entry['username']} {entry['operation']} {entry['resource_type']} {entry['resource']} {entry['operation_result']}"


def test_the_log_has_event_types_and_is_for_who_may_see_it(harbor):
    types = [one["event_type"] for one in entries(harbor, "/auditlog-exts/events")]
    assert {"create_project", "delete_artifact", "pull_artifact", "login_user", "update_configuration"} <= set(types)
    expect(harbor.get("/auditlog-exts", auth=None), 401)
    expect(harbor.get("/audit-logs", auth=None), 401)


def test_refusals_are_recorded_with_who_tried(harbor):
    expect(harbor.post("/projects", {"project_name": "p"}, auth=("eve", "Guess12345")), 401)
    expect(harbor.post("/projects", {"project_name": "Not A Name"}), 400)
    found = entries(harbor, q="operation_result=false")
    assert [words(one) for one in found][-1] == "eve create project  False"
    assert "401" in json.dumps(found) or "wrong" in found[-1]["operation_description"]


@pytest.mark.parametrize("q", ["password=x", "op_time=yesterday", "operation_result=perhaps", "id=[", "username"])
def test_a_filter_that_makes_no_sense_is_refused(harbor, q):
    answer = expect(harbor.get("/auditlog-exts", q=q), 400)
    assert "q" in answer.json()["errors"][0]["message"]
