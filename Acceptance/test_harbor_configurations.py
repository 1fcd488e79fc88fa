"""Settings that administrators change while the server runs, by Harbor's names."""

import json

import pytest

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, Harbor
from harness.raw import expect

pytestmark = pytest.mark.beyond


@pytest.fixture
def server(new_server):
    return new_server(ACCOUNTS, env=ADMINISTRATOR).start()


def settings(harbor: Harbor) -> dict:
    return expect(harbor.get("/configurations"), 200).json()


def test_every_setting_is_told_with_its_value_but_no_secret(server):
    told = settings(Harbor(server))
    assert told["auth_mode"] == {"value": "db_auth", "editable": True}
    assert told["storage_per_project"]["value"] == -1 and told["token_expiration"]["value"] == 30
    assert not {"ldap_search_password", "oidc_client_secret", "uaa_client_secret"} & set(told)
    assert not told["uaa_endpoint"]["editable"]
    assert len(told) == 55
    internal = expect(Harbor(server).get("/internalconfig"), 200).json()
    assert internal["session_timeout"]["value"] == 60


def test_what_is_set_stays_over_a_restart(server):
    harbor = Harbor(server)
    expect(harbor.put("/configurations", {"session_timeout": 5, "project_creation_restriction": "adminonly", "self_registration": None}), 200)
    server.restart()
    told = settings(harbor)
    assert told["session_timeout"]["value"] == 5 and told["project_creation_restriction"]["value"] == "adminonly"


@pytest.mark.parametrize(
    "change",
    [
        {"auth_mode": "uaa_auth"},
        {"auth_mode": 3},
        {"session_timeout": 0},
        {"session_timeout": "60"},
        {"token_expiration": -5},
        {"robot_name_prefix": "a b"},
        {"storage_per_project": 0},
        {"storage_per_project": 2**60},
        {"ldap_url": "http://host"},
        {"ldap_filter": "(uid=*"},
        {"ldap_scope": 7},
        {"oidc_endpoint": "host"},
        {"oidc_scope": "profile"},
        {"oidc_group_filter": "("},
        {"oidc_extra_redirect_parms": "[]"},
        {"project_creation_restriction": "nobody"},
        {"read_only": "yes"},
        {"skip_audit_log_database": True},
        {"uaa_endpoint": "https://uaa"},
        {"http_authproxy_skip_search": True},
        {"ldap_group_attach_parallel": True},
        {"banner_message": "x" * 5000},
        {"banner_message": "a\u0000b"},
        {"no_such_setting": 1},
    ],
    ids=lambda change: json.dumps(change)[:50],
)
def test_what_is_not_allowed_is_refused_with_its_name_and_nothing_else_is_set(server, change):
    harbor = Harbor(server)
    refused = expect(harbor.put("/configurations", change | {"oidc_name": "set as well"}), 400, code="BAD_REQUEST")
    assert next(iter(change)) in refused.json()["errors"][0]["message"]
    assert settings(harbor)["oidc_name"]["value"] == ""


def test_only_administrators_see_and_set(server):
    nobody = Harbor(server, None)
    expect(nobody.get("/configurations"), 401)
    expect(nobody.get("/internalconfig"), 401)
    expect(nobody.put("/configurations", {"read_only": True}), 401)


def test_a_read_only_registry_changes_nothing_until_it_is_none_any_more(server):
    harbor = Harbor(server)
    registry = server.registry(auth=ADMIN).session
    expect(harbor.put("/configurations", {"read_only": True}), 200)
    answer = registry.post(f"{server.url}/v2/library/app/blobs/uploads/", timeout=30)
    assert answer.status_code == 403 and "read_only" in answer.text
    assert registry.get(f"{server.url}/v2/_catalog", timeout=30).status_code == 200
    assert "read_only" in expect(harbor.post("/projects", {"project_name": "p"}), 403).text
    expect(harbor.put("/configurations", {"read_only": False}), 200)
    assert "read_only" not in registry.post(f"{server.url}/v2/library/app/blobs/uploads/", timeout=30).text


def test_what_the_server_is_started_with_cannot_be_changed(new_server):
    overwrite = json.dumps({"session_timeout": 7, "oidc_client_secret": "hidden"})
    server = new_server(ACCOUNTS, env=ADMINISTRATOR | {"CONFIG_OVERWRITE_JSON": overwrite}).start()
    harbor = Harbor(server)
    assert settings(harbor)["session_timeout"] == {"value": 7, "editable": False}
    expect(harbor.put("/configurations", {"session_timeout": 8}), 403)
    expect(harbor.put("/configurations", {"session_timeout": 7, "banner_message": "hi"}), 200)


def test_a_wrong_overwrite_keeps_the_server_from_starting(new_server):
    for value, reason in (("{", "no JSON"), ('{"nonsense": 1}', "nonsense"), ('{"session_timeout": 0}', "session_timeout")):
        server = new_server(ACCOUNTS, env=ADMINISTRATOR | {"CONFIG_OVERWRITE_JSON": value}).start(ready=False)
        assert server.wait() != 0
        assert reason in server.log
