"""Browsers that log in by a form and stay so."""

import pytest
import requests

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, Harbor, make_user
from harness.oidc import Browser
from harness.raw import expect
from harness.server import Server

pytestmark = pytest.mark.beyond

FORM = {"principal": ADMIN[0], "password": ADMIN[1]}
SETTING = {"banner_message": "hello"}
API = "/api/v2.0"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("sessions"), ACCOUNTS, env=ADMINISTRATOR).start()
    yield server
    server.stop()


@pytest.fixture
def browser(server):
    browser = Browser(server)
    expect(browser.post("/c/login", data=FORM), 200)
    return browser


def test_a_login_gives_a_session_that_scripts_of_a_page_do_not_see(server):
    answer = expect(Browser(server).post("/c/login", data=FORM), 200)
    cookie = next(part for part in answer.raw.headers.getlist("Set-Cookie") if part.startswith("sid="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    behind = Browser(server).post("/c/login", data=FORM, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in behind.headers["Set-Cookie"]


def test_a_wrong_password_gives_none(server):
    browser = Browser(server)
    expect(browser.post("/c/login", data=FORM | {"password": "Wrong12345"}), 401)
    expect(browser.post("/c/login", data={"principal": "admin"}), 400)
    assert not browser.cookies.get("sid")


def test_a_session_may_read_and_with_the_token_change(browser):
    expect(browser.get(f"{API}/configurations"), 200)
    refused = expect(browser.put(f"{API}/configurations", json=SETTING), 403, code="FORBIDDEN")
    assert "CSRF" in refused.json()["errors"][0]["message"]
    expect(browser.put(f"{API}/configurations", json=SETTING, headers={"X-Harbor-CSRF-Token": "AAAA"}), 403)
    expect(browser.put(f"{API}/configurations", json=SETTING, headers=browser.csrf()), 200)


def test_what_was_handed_out_before_the_login_is_right_after_it(server):
    browser = Browser(server)
    token = browser.csrf()
    expect(browser.post("/c/login", data=FORM, headers=token), 200)
    expect(browser.put(f"{API}/configurations", json=SETTING, headers=token), 200)


def test_the_token_of_another_session_is_refused(server, browser):
    other = Browser(server)
    expect(other.post("/c/login", data=FORM), 200)
    expect(browser.put(f"{API}/configurations", json=SETTING, headers=other.csrf()), 403)


def test_the_token_looks_different_each_time(browser):
    assert browser.csrf() != browser.csrf()


def test_a_name_and_a_password_need_no_token(server):
    expect(Harbor(server).put("/configurations", SETTING), 200)


def test_a_page_of_another_site_logs_nobody_in(server):
    for headers in ({"Origin": "https://evil.example.org"}, {"Sec-Fetch-Site": "cross-site"}):
        expect(Browser(server).post("/c/login", data=FORM, headers=headers), 403)
    expect(Browser(server).post("/c/login", data=FORM, headers={"Origin": server.url}), 200)


def test_the_registry_takes_the_session_as_well(browser):
    assert browser.get("/v2/_catalog").status_code == 200
    assert browser.post("/v2/library/app/blobs/uploads/").status_code == 403


def test_after_logging_out_the_cookie_is_worth_nothing(server, browser):
    cookies = dict(browser.cookies)
    expect(browser.get("/c/log_out"), 200)
    assert not browser.cookies.get("sid")
    expect(requests.get(f"{server.url}{API}/configurations", cookies=cookies, timeout=30), 401)


def test_each_login_begins_a_session_of_its_own(server, browser):
    old = browser.cookies["sid"]
    expect(browser.post("/c/login", data=FORM), 200)
    assert browser.cookies["sid"] != old
    expect(requests.get(f"{server.url}{API}/configurations", cookies={"sid": old}, timeout=30), 401)


def test_who_logs_in_and_out_and_who_tried_to_is_recorded(server):
    harbor = Harbor(server)
    name, password = make_user(harbor)
    browser = Browser(server)
    expect(browser.post("/c/login", data={"principal": name, "password": "Wrong12345"}), 401)
    expect(browser.post("/c/login", data={"principal": name, "password": password}), 200)
    expect(browser.get("/c/log_out"), 200)
    found = expect(harbor.get("/auditlog-exts", q=f"username={name}", sort="op_time"), 200)
    recorded = [(one["operation"], one["resource_type"], one["operation_result"]) for one in found.json()]
    assert recorded == [("login", "user", False), ("login", "user", True), ("logout", "user", True)]
    assert "Wrong12345" not in found.text


def test_a_session_outlives_another_secret_for_programs_and_not_another_password(server):
    harbor, user = Harbor(server), make_user(Harbor(server))
    browser = Browser(server)
    expect(browser.post("/c/login", data={"principal": user[0], "password": user[1]}), 200)
    own = f"/users/{expect(browser.get(f'{API}/users/current'), 200).json()['user_id']}"
    expect(harbor.put(f"{own}/cli_secret", {"secret": "Program12345"}), 200)
    expect(browser.get(f"{API}/users/current"), 200)
    expect(harbor.put(f"{own}/password", {"new_password": "Changed12345"}), 200)
    expect(browser.get(f"{API}/users/current"), 401)


def test_a_cookie_that_is_none_is_nobody(server):
    for value in ("x", "x" * 5000, '"'):
        expect(requests.get(f"{server.url}{API}/configurations", cookies={"sid": value}, timeout=30), 401)


def test_administrators_ask_whether_a_user_exists(server, browser):
    def ask(value: str, target: str = "username") -> requests.Response:
        return browser.post("/c/userExists", data={"target": target, "value": value}, headers=browser.csrf())

    assert expect(ask("ADMIN"), 200).json() is True
    assert expect(ask("nobody"), 200).json() is False
    expect(ask("admin", "shoe size"), 400)
    expect(Browser(server).post("/c/userExists", data={"target": "username", "value": "admin"}), 412)


def test_paths_that_are_none(server):
    expect(Browser(server).get("/c/nothing"), 404, code="NOT_FOUND")
    assert expect(Browser(server).get("/c/login"), 405).headers["Allow"] == "POST"


def test_a_session_lasts_over_a_restart(new_server):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    browser = Browser(server)
    expect(browser.post("/c/login", data=FORM), 200)
    server.restart()
    expect(browser.get(f"{API}/configurations"), 200)
    assert browser.cookies["sid"] not in server.log
