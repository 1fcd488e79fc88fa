"""Logins by an identity provider, in a process of its own."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from harness.accounts import ACCOUNTS, ADMINISTRATOR, Harbor, unique
from harness.oidc import Browser, Provider, secret_on
from harness.raw import expect
from harness.server import free_port

pytestmark = pytest.mark.beyond


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    provider = Provider(tmp_path_factory.mktemp("provider")).start()
    yield provider
    provider.stop()


@pytest.fixture
def server(new_server, provider):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    configure(server, provider)
    return server


def configure(server, provider, **changes) -> None:
    expect(Harbor(server).put("/configurations", provider.settings(**changes)), 200)


def person(provider, **claims) -> str:
    name = unique("ann")
    provider.set_user(name, **{"preferred_username": name, "name": "Ann Other", "email": f"{name}@example.org"} | claims)
    return name


# Accounts


def test_who_is_new_chooses_a_name_and_gets_a_secret_for_docker(server, provider):
    name = person(provider)
    browser = Browser(server)
    asked = expect(browser.log_in(name), 302)
    assert asked.headers["Location"].startswith("/c/oidc/onboard?username=")
    page = expect(browser.get(asked.headers["Location"]), 200)
    assert f'value="{name}"' in page.text
    expect(browser.post("/c/oidc/onboard", data={"username": "no,name"}), 400)
    expect(browser.post("/c/oidc/onboard", data={"username": "admin"}), 409)
    secret = secret_on(expect(browser.post("/c/oidc/onboard", data={"username": f"{name}-here"}), 200))
    assert requests.get(f"{server.url}/v2/", auth=(f"{name}-here", secret), timeout=30).status_code == 200
    assert requests.get(f"{server.url}/v2/", auth=(f"{name}-here", "wrong"), timeout=30).status_code == 401
    assert browser.get("/v2/").status_code == 200, "the session"
    assert secret not in server.log


def test_the_second_time_one_is_known(server, provider):
    configure(server, provider, oidc_auto_onboard=True)
    name = person(provider)
    secret = secret_on(expect(Browser(server).log_in(name), 200))
    again = Browser(server)
    answer = expect(again.log_in(name, "/c/oidc/login?redirect_url=/harbor/projects"), 302)
    assert answer.headers["Location"] == "/harbor/projects"
    assert again.get("/v2/").status_code == 200
    assert requests.get(f"{server.url}/v2/", auth=(name, secret), timeout=30).status_code == 200


def test_the_claim_that_is_set_says_the_name(server, provider):
    configure(server, provider, oidc_auto_onboard=True, oidc_user_claim="nick")
    name = person(provider, nick="Some One")
    assert "Some_One" in expect(Browser(server).log_in(name), 200).text
    assert "nick" in expect(Browser(server).log_in(person(provider)), 401).json()["errors"][0]["message"]


def test_a_name_that_is_taken_is_not_given_twice(server, provider):
    configure(server, provider, oidc_auto_onboard=True)
    first = person(provider)
    expect(Browser(server).log_in(first), 200)
    asked = expect(Browser(server).log_in(person(provider, preferred_username=first)), 302)
    assert "onboard" in asked.headers["Location"]


def test_groups_make_administrators_and_unmake_them(server, provider):
    configure(server, provider, oidc_auto_onboard=True, oidc_admin_group="chiefs", oidc_group_filter="^dev")
    name = person(provider, groups=["chiefs", "dev-one", "others"])
    browser = Browser(server)
    expect(browser.log_in(name), 200)
    expect(browser.get("/api/v2.0/configurations"), 200)
    provider.set_user(name, preferred_username=name, groups=["dev-one"])
    expect(browser.log_in(name), 302)
    expect(browser.get("/api/v2.0/configurations"), 403)


# What is not believed


def test_a_login_that_this_browser_did_not_begin_is_refused(server, provider):
    configure(server, provider, oidc_auto_onboard=True)
    victim, attacker = Browser(server), Browser(server)
    callback = attacker.authorize(person(provider))
    expect(victim.get(callback), 401)
    victim.get("/c/oidc/login")
    expect(victim.get(callback), 401)


def test_a_callback_is_of_use_once(server, provider):
    configure(server, provider, oidc_auto_onboard=True)
    browser = Browser(server)
    callback = browser.authorize(person(provider))
    cookies = browser.cookies.copy()
    expect(browser.get(callback), 200)
    browser.cookies = cookies
    expect(browser.get(callback), 401)


def test_a_refusal_of_the_provider_is_told(server, provider):
    browser = Browser(server)
    there = browser.get("/c/oidc/login").headers["Location"]
    back = browser.post(there, data={"action": "deny"}).headers["Location"]
    expect(browser.get(back), 401)
    expect(browser.get("/c/oidc/callback"), 400)


def test_nobody_is_sent_on_to_another_site(server):
    for target in ("https://evil.example.org", "//evil.example.org", "/\\evil.example.org"):
        expect(Browser(server).get("/c/oidc/login", params={"redirect_url": target}), 400)


def test_without_a_provider_nobody_is_sent_anywhere(new_server):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    expect(Browser(server).get("/c/oidc/login"), 400)


# The rest


def test_the_provider_hears_of_the_logout(server, provider):
    configure(server, provider, oidc_auto_onboard=True, oidc_logout=True)
    browser = Browser(server)
    expect(browser.log_in(person(provider)), 200)
    answer = expect(browser.get("/c/log_out"), 302)
    place = urlsplit(answer.headers["Location"])
    assert place.path == "/oauth2/end_session" and parse_qs(place.query)["id_token_hint"]
    assert browser.get("/v2/").status_code == 401


def test_extra_parameters_are_sent(server, provider):
    configure(server, provider, oidc_extra_redirect_parms='{"prompt": "consent", "state": "mine"}')
    query = parse_qs(urlsplit(Browser(server).get("/c/oidc/login").headers["Location"]).query)
    assert query["prompt"] == ["consent"] and query["state"] != ["mine"] and query["scope"] == ["openid profile email"]
    assert query["redirect_uri"] == [f"{server.url}/c/oidc/callback"]


def test_ping_says_whether_it_is_a_provider(server, provider):
    harbor = Harbor(server)
    expect(harbor.post("/system/oidc/ping", {"url": provider.url, "verify_cert": True}), 200)
    expect(harbor.post("/system/oidc/ping", {"url": f"{provider.url}/jwks"}), 400)
    expect(harbor.post("/system/oidc/ping", {"url": f"http://127.0.0.1:{free_port()}"}), 400)
    expect(harbor.post("/system/oidc/ping", {"url": "no url"}), 400)
    expect(harbor.post("/system/oidc/ping", {}), 400)
    expect(Harbor(server, None).post("/system/oidc/ping", {"url": provider.url}), 401)


def test_the_secret_is_never_told(server):
    answer = expect(Harbor(server).get("/configurations"), 200)
    assert "a secret/with" not in answer.text and "oidc_client_secret" not in answer.json()
    kept = [path for path in server.root.iterdir() if path.name.startswith("cove.db")]
    assert kept and not any(b"a secret/with" in path.read_bytes() for path in kept)


def test_logins_by_the_provider_are_recorded(server, provider):
    configure(server, provider, oidc_auto_onboard=True)
    name = person(provider)
    expect(Browser(server).log_in(name), 200)
    expect(Browser(server).get("/c/oidc/callback?code=x&state=y"), 401)
    harbor = Harbor(server)
    (entry,) = expect(harbor.get("/auditlog-exts", q=f"username={name},operation=login"), 200).json()
    assert entry["operation_result"] and entry["resource_type"] == "user"
    (refused,) = expect(harbor.get("/auditlog-exts", q="username=anonymous,operation=login"), 200).json()
    assert not refused["operation_result"]
