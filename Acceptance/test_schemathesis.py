"""Harbor's API as its description has it: schemathesis makes up requests, good and bad, and compares every answer with it."""

import os
import sys
from pathlib import Path

import pytest
import yaml

from harness import programs
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, Harbor, make_project, make_robot, make_user
from harness.raw import expect

pytestmark = pytest.mark.beyond

DESCRIPTION = Path(
    os.environ.get("HARBOR_API", Path(__file__).resolve().parents[2] / "shared/reference/harbor-api-v2.0.yaml")
)
# What comes with later work: answered with 501 until then.
LATER_GROUPS = {"preheat", "replication", "registry", "scanner", "scan", "scanAll", "scan data export", "securityhub"}
LATER = {"getScannerOfProject", "setScannerOfProject", "listScannerCandidatesOfProject", "getVulnerabilitiesAddition"}
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance,response_headers_conformance"


@pytest.fixture(scope="module")
def description() -> dict:
    if not DESCRIPTION.exists():
        pytest.skip(f"{programs.MISSING}the description of Harbor's API (HARBOR_API)")
    return yaml.safe_load(DESCRIPTION.read_text())


def operations(description: dict, later: bool) -> list[tuple[str, str, dict]]:
    return [
        (path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if (operation["tags"][0] in LATER_GROUPS or operation["operationId"] in LATER) == later
    ]


def test_what_comes_later_says_so_and_invents_nothing(new_server, description):
    harbor = Harbor(new_server(ACCOUNTS, env=ADMINISTRATOR).start())
    asked = operations(description, later=True)
    assert len(asked) > 60
    for path, method, operation in asked:
        for name in ("project_name", "project_name_or_id"):
            path = path.replace(f"{{{name}}}", "library")
        path = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
        required = [one for one in operation.get("parameters", []) if one.get("in") == "query" and one.get("required")]
        answer = harbor(method.upper(), path, params={one["name"]: one.get("enum", ["1"])[0] for one in required})
        errors = expect(answer, 501).json()["errors"]
        assert errors[0]["code"] and operation["operationId"].lower() in errors[0]["message"].lower(), answer.text


@pytest.mark.slow
def test_made_up_requests_find_no_500_and_no_answer_beside_the_description(new_server, description, tmp_path):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    harbor = Harbor(server)
    make_user(harbor, "someone")
    make_project(harbor, "some-project", public=True)
    make_robot(harbor, "some-project")
    command = [Path(sys.executable).with_name("schemathesis"), "run", DESCRIPTION, "--url", harbor.base]
    command += ["--auth", ":".join(ADMIN), "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "8"]
    command += ["--seed", "1", "--workers", "2", "--continue-on-failure", "--warnings", "off", "--no-color"]
    for _, _, operation in operations(description, later=True):
        command += ["--exclude-operation-id", operation["operationId"]]
    # A password that it made up would lock the test itself out.
    command += ["--exclude-operation-id", "updateUserPassword", "--suppress-health-check", "all"]
    done = programs.run(*command, cwd=tmp_path, timeout=400, check=False)
    (tmp_path / "out.txt").write_text(done.out)
    assert done.returncode == 0, done.out[-12000:] + done.err[-2000:]
