"""Logins by LDAP, against slapd."""

import pytest
import requests

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, Harbor
from harness.raw import expect
from harness.server import free_port
from harness.slapd import GROUPS, MANAGER_PASSWORD, PASSWORDS, PEOPLE, Slapd

pytestmark = pytest.mark.beyond


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    slapd = Slapd(tmp_path_factory.mktemp("slapd")).start().load()
    yield slapd
    slapd.stop()


@pytest.fixture
def server(new_server, slapd):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR | {"SSL_CERT_FILE": str(slapd.authority.certificate)}).start()
    configure(server, slapd)
    return server


def configure(server, slapd, **changes) -> None:
    expect(Harbor(server).put("/configurations", slapd.settings(**changes)), 200)


def login(server, user: str, password: str | None = None) -> int:
    answer = requests.get(f"{server.url}/v2/", auth=(user, PASSWORDS.get(user, "") if password is None else password), timeout=30)
    return answer.status_code


def is_administrator(server, user: str) -> bool:
    return Harbor(server, (user, PASSWORDS[user])).get("/configurations").status_code == 200


# Who is let in


def test_a_person_of_the_directory_logs_in(server):
    assert login(server, "ada") == 200
    assert login(server, "ada", "wrong") == 401
    assert login(server, "nobody", "wrong") == 401
    assert login(server, *ADMIN) == 200, "the administrator is not of the directory"


def test_an_empty_password_lets_nobody_in(server):
    assert login(server, "ada", "") == 401


def test_what_means_something_in_a_filter_or_a_name_is_part_of_the_user_s_name(server):
    assert login(server, "*", PASSWORDS["ada"]) == 401
    assert login(server, "ada)(uid=*", PASSWORDS["ada"]) == 401
    assert login(server, "odd(*)") == 200


def test_who_does_not_fit_the_filter_is_not_let_in(server):
    assert login(server, "eve") == 401


def test_of_nobody_without_an_account_the_administrator_s_name_is_taken(server, slapd):
    slapd.modify(
        f"dn: uid=admin,{PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: admin\ncn: Not the one\nsn: One\nuserPassword: Fake1\n"
    )
    assert login(server, "admin", "Fake1") == 401
    assert login(server, *ADMIN) == 200


# TLS


def test_over_tls_with_a_certificate_that_is_verified(server, slapd):
    for url in (slapd.tls_url, slapd.start_tls_url):
        configure(server, slapd, ldap_url=url)
        assert login(server, "ada") == 200, (url, server.log)


def test_a_certificate_of_an_unknown_authority_is_refused_unless_that_is_wanted(new_server, slapd):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    configure(server, slapd, ldap_url=slapd.tls_url)
    assert login(server, "ada") == 503
    configure(server, slapd, ldap_verify_cert=False)
    assert login(server, "ada") == 200


# Groups


def test_groups_and_groups_of_groups_come_with_the_login(server):
    harbor = Harbor(server)
    found = expect(harbor.get("/ldap/groups/search"), 200).json()
    assert {group["group_name"] for group in found} == {"engines", "builders", "everybody"}
    configured = {"ldap_group_admin_dn": f"CN=Everybody, {GROUPS}"}
    expect(harbor.put("/configurations", configured), 200)
    assert is_administrator(server, "bob"), "as one of the builders, who are part of everybody"
    expect(harbor.put("/configurations", {"ldap_group_admin_dn": f"cn=engines,{GROUPS}"}), 200)


def test_groups_of_the_membership_attribute_are_enough(server, slapd):
    configure(server, slapd, ldap_group_base_dn="", ldap_group_admin_dn=f"cn=everybody,{GROUPS}")
    assert is_administrator(server, "ada")


def test_who_leaves_the_administrators_group_is_one_no_more(new_server, slapd):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    configure(server, slapd, ldap_group_admin_dn=f"cn=engines,{GROUPS}")
    assert is_administrator(server, "ada")
    assert not is_administrator(server, "bob")
    expect(Harbor(server).put("/configurations", {"ldap_group_admin_dn": f"cn=builders,{GROUPS}"}), 200)
    assert not is_administrator(server, "ada")
    assert is_administrator(server, "bob")


# What administrators ask


def test_ping_says_whether_the_directory_answers(server, slapd):
    harbor = Harbor(server)
    assert expect(harbor.post("/ldap/ping"), 200).json()["success"]
    wrong = expect(harbor.post("/ldap/ping", {"ldap_search_password": "wrong"}), 200).json()
    assert not wrong["success"] and "ldap_search_dn" in wrong["message"]
    away = expect(harbor.post("/ldap/ping", {"ldap_url": f"ldap://127.0.0.1:{free_port()}"}), 200).json()
    assert not away["success"] and "reached" in away["message"]
    expect(harbor.post("/ldap/ping", {"ldap_url": "http://somewhere"}), 400, code="BAD_REQUEST")
    expect(harbor.post("/ldap/ping", {}), 200)
    expect(harbor.post("/ldap/ping", []), 400)
    mute = harbor.post("/ldap/ping", {"ldap_url": slapd.url.replace("ldap:", "ldaps:"), "ldap_search_password": MANAGER_PASSWORD})
    assert not expect(mute, 200).json()["success"], "TLS where there is none"
    gone = {"ldap_url": "ldap://no.such.host.invalid", "ldap_search_password": MANAGER_PASSWORD, "ldap_connection_timeout": 2}
    assert not expect(harbor.post("/ldap/ping", gone), 200).json()["success"]


def test_the_password_goes_only_to_the_server_that_is_set(server, slapd):
    answer = expect(Harbor(server).post("/ldap/ping", {"ldap_url": slapd.tls_url}), 200).json()
    assert not answer["success"]


def test_people_and_groups_are_searched_for(server):
    harbor = Harbor(server)
    assert expect(harbor.get("/ldap/users/search", username="ada"), 200).json() == [
        {"username": "ada", "realname": "Ada Lovelace", "email": "ada@example.org"}
    ]
    assert expect(harbor.get("/ldap/users/search", username="*"), 200).json() == []
    dn = f"cn=engines,{GROUPS}"
    wanted = [{"group_name": "engines", "group_type": 1, "ldap_group_dn": dn}]
    assert expect(harbor.get("/ldap/groups/search", groupdn=dn.upper()), 200).json() == wanted
    assert expect(harbor.get("/ldap/groups/search", groupname="gin"), 200).json() == wanted
    expect(harbor.get("/ldap/groups/search", groupdn="no name"), 400)


def test_people_are_imported_and_who_is_not_there_is_told(server):
    harbor = Harbor(server)
    failed = expect(harbor.post("/ldap/users/import", {"ldap_uid_list": ["ada", "nobody"]}), 404).json()
    assert failed == [{"uid": "nobody", "error": "unknown_user"}]
    expect(harbor.post("/ldap/users/import", {"ldap_uid_list": ["ada", "bob"]}), 200)
    expect(harbor.put("/configurations", {"auth_mode": "db_auth"}), 403)


def test_only_administrators_ask(server):
    ada = Harbor(server, ("ada", PASSWORDS["ada"]))
    expect(ada.post("/ldap/ping"), 403)
    expect(ada.get("/ldap/users/search"), 403)
    expect(Harbor(server, None).get("/ldap/groups/search"), 401)


def test_the_password_for_searching_is_never_told(server):
    answer = expect(Harbor(server).get("/configurations"), 200)
    assert MANAGER_PASSWORD not in answer.text and "ldap_search_password" not in answer.json()
    assert MANAGER_PASSWORD not in server.log


def test_the_password_for_searching_is_sealed_in_the_store_and_known_after_a_restart(server):
    kept = [path for path in server.root.iterdir() if path.name.startswith("cove.db")]
    assert kept and not any(MANAGER_PASSWORD.encode() in path.read_bytes() for path in kept)
    (key,) = [path for path in kept if path.name.endswith(".key")]
    assert key.stat().st_mode & 0o777 == 0o600
    server.restart()
    assert login(server, "bob") == 200
    server.stop()
    key.unlink()
    server.start()
    assert "ldap_search_password" in server.log
    expect(Harbor(server).put("/configurations", {"ldap_search_password": MANAGER_PASSWORD}), 200)
    assert login(server, "bob") == 200


def test_a_directory_that_is_away_is_told_apart_from_a_wrong_password(server, slapd):
    configure(server, slapd, ldap_url=f"ldap://127.0.0.1:{free_port()}")
    assert login(server, "ada") == 503
    assert login(server, *ADMIN) == 200
