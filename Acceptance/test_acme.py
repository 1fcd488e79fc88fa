"""http.tls.letsencrypt: certificates from an ACME server, obtained, kept, shown and renewed."""

import os
import shutil
import signal
import ssl
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509

from harness import programs
from harness.acme import HOST, AcmeServer, Pebble, Refusal, greet, naming, served, show, shown
from harness.engine import Engine
from harness.registry2 import Registry2
from harness.server import Server, free_port, until

pytestmark = pytest.mark.beyond


def config(acme: AcmeServer | Pebble, *hosts: str, **more) -> dict:
    debug = {"addr": f"127.0.0.1:{free_port()}", "prometheus": {"enabled": True}}
    letsencrypt = {"hosts": list(hosts or (HOST,)), "email": "ops@cove.test", **acme.settings, **more}
    return {"http": {"tls": {"letsencrypt": letsencrypt}, "debug": debug}}


def metrics(server: Server) -> dict[str, float]:
    lines = requests.get(f"http://{server.config['http']['debug']['addr']}/metrics", timeout=10).text.splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line and line[0] != "#"}


def report(server: Server) -> dict:
    variables = requests.get(f"http://{server.config['http']['debug']['addr']}/debug/vars", timeout=10).json()
    return variables["registry"]["letsencrypt"]["hosts"][0]


def vault(server: Server) -> Path:
    return server.root / "letsencrypt"


@pytest.fixture
def acme(tmp_path, authority):
    with AcmeServer(tmp_path / "acme", authority) as served:
        yield served


@pytest.fixture
def secured(acme, new_server):
    """A server that answers TLS-ALPN-01, not yet started, and its ACME server."""
    server = new_server(config(acme))
    acme.tls_port = server.port
    return server


# Pebble: somebody else's idea of the protocol


@pytest.fixture
def pebble(tmp_path, authority):
    with Pebble(tmp_path / "pebble", authority) as served:
        yield served


def listening(new_server, pebble: Pebble, **more) -> Server:
    """A server where pebble looks for it."""
    changes = config(pebble, **more)
    changes["http"]["addr"] = f"127.0.0.1:{pebble.tls_port}"
    server = new_server(changes)
    server.port, server.host = pebble.tls_port, f"127.0.0.1:{pebble.tls_port}"
    return server


@pytest.mark.parametrize("challenge", ["tls-alpn-01", "http-01"])
def test_pebble_issues_a_certificate_which_a_restart_uses_again(pebble, new_server, challenge):
    more = {"http01addr": f"127.0.0.1:{pebble.http_port}"} if challenge == "http-01" else {}
    server = listening(new_server, pebble, **more).start()
    first = served(server, pebble.root)
    names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    assert server.said("whose terms of service http.tls.letsencrypt accepts")
    assert pebble.issued == 1
    server.kill()
    server.start()
    assert served(server, pebble.root, 5).serial_number == first.serial_number
    server.restart()
    assert served(server, pebble.root, 5).serial_number == first.serial_number
    assert pebble.issued == 1, "a stored certificate was ordered again"


def test_pebble_makes_an_account_for_a_customer_only(tmp_path, authority, new_server):
    key = ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W")
    with Pebble(tmp_path / "pebble", authority, external_account=key) as pebble:
        stranger = listening(new_server, pebble).start()
        assert stranger.said("give http.tls.letsencrypt.externalaccount.keyid and .hmackey")
        stranger.stop()
        customer = listening(new_server, pebble, externalaccount={"keyid": key[0], "hmackey": key[1]}).start()
        served(customer, pebble.root)
        assert key[1] not in customer.log


def test_docker_pushes_and_pulls_over_the_certificate(pebble, new_server, tmp_path):
    name = f"{HOST}:{pebble.tls_port}/acceptance/secured:1"
    prefix = naming(tmp_path / "names", HOST)
    server = listening(new_server, pebble).start()
    served(server, pebble.root)
    engine = Engine(tmp_path / "engine", within=prefix, env={"SSL_CERT_FILE": str(pebble.root)})
    try:
        engine.start()
        base = engine.import_base("base:1")
        engine("tag", base, name)
        engine("push", name)
        server.kill()
        server.start()
        engine.forget(name)
        engine("pull", name)
    finally:
        engine.stop()


# What is not tried with pebble, as its certificates last for years, and as it never has enough


@pytest.mark.slow
def test_a_certificate_is_renewed_while_it_is_served(acme, secured):
    acme.lifetime = 6
    acme.every_second_nonce_is_bad = True
    server = secured.start()
    first = served(server, acme.root)
    with server.connect(timeout=30) as kept:
        seen, gaps = {first.serial_number}, 0
        deadline = time.monotonic() + 20
        while len(seen) < 3 and time.monotonic() < deadline:
            if found := shown(server, acme.root):
                seen.add(found.serial_number)
            else:
                gaps += 1
            time.sleep(0.05)
        assert len(seen) == 3, server.log[-3000:]
        assert gaps == 0, "a handshake failed while certificates were renewed"
        kept.request("GET", "/v2/")
        assert kept.response().status == 200
    assert acme.validations == [None] * len(acme.issued)
    ages = [b.not_valid_before_utc - a.not_valid_before_utc for a, b in zip(acme.issued, acme.issued[1:])]
    assert all(timedelta(seconds=3) <= age <= timedelta(seconds=6) for age in ages), ages
    assert len(acme.accounts) == 1 and {"contact": ["mailto:ops@cove.test"]}.items() <= next(iter(acme.accounts.values())).items()
    assert all(agent.startswith("cove/") for agent in acme.user_agents)
    assert metrics(server)[f'cove_letsencrypt_certificates_obtained_total{{host="{HOST}"}}'] >= 3


def test_http_01_is_answered_where_it_is_asked_and_nowhere_else(acme, new_server):
    address = f"127.0.0.1:{free_port()}"
    server = new_server(config(acme, http01addr=address))
    acme.http_port = int(address.split(":")[1])
    server.start()
    served(server, acme.root)
    assert acme.validations == [None]
    token = acme.orders[0]["token"]
    for path in (f"/.well-known/acme-challenge/{token}", "/.well-known/acme-challenge/", "/v2/", "/"):
        answer = requests.get(f"http://{address}{path}", headers={"Host": HOST}, timeout=10)
        assert answer.status_code == 404 and "use https" in answer.text
    # TLS-ALPN-01 is not spoken then.
    assert greet(server, acme.root, protocols=["acme-tls/1", "http/1.1"])[1] == "http/1.1"


def test_secrets_are_kept_for_their_owner_only(acme, secured):
    server = secured.start()
    served(server, acme.root)
    # A file that is being written has another name, and a challenge goes when it was answered.
    wanted = {".lock", "acme_account+key", "acme_account+state", HOST, f"{HOST}+state"}
    assert until(lambda: set(os.listdir(vault(server))) == wanted), os.listdir(vault(server))
    assert stat.S_IMODE(vault(server).stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in vault(server).iterdir()}
    assert set(files) == wanted
    assert set(files.values()) == {0o600}
    text = (vault(server) / HOST).read_text()
    assert text.startswith("-----BEGIN PRIVATE KEY-----") and text.count("BEGIN CERTIFICATE") == 2
    secret = text.split("-----")[2].strip().splitlines()[1]
    assert secret not in server.log


def test_each_host_has_its_certificate_and_others_get_the_first(acme, new_server):
    server = new_server(config(acme, HOST, "mirror.cove.test"))
    acme.tls_port = server.port
    server.start()
    served(server, acme.root, name="mirror.cove.test")
    served(server, acme.root)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        show(server, acme.root, "other.cove.test")
    by_address = show(server, acme.root, None)
    assert by_address.serial_number == show(server, acme.root).serial_number
    assert len(acme.issued) == 2 and len(acme.accounts) == 1


def test_no_handshake_succeeds_before_there_is_a_certificate(acme, secured):
    acme.refusal = Refusal(403, "rejectedIdentifier", "not for you")
    server = secured.start()
    assert server.said("no certificate was obtained")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        show(server, None)
    assert "rejectedIdentifier: not for you" in server.log
    assert "there is none, so the host is not served" in server.log


def test_a_validation_is_answered_only_while_one_is_under_way(acme, secured):
    server = secured.start()
    served(server, acme.root)
    assert acme.validations == [None]
    with pytest.raises((ssl.SSLError, ConnectionError)):
        greet(server, None, protocols=["acme-tls/1"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        greet(server, None, "other.cove.test", protocols=["acme-tls/1"])
    assert greet(server, acme.root, protocols=["h2"])[1] == "h2"


@pytest.mark.slow
def test_the_old_certificate_serves_while_renewal_fails(acme, secured):
    acme.lifetime = 12
    server = secured.start()
    first = served(server, acme.root)
    acme.refusal = Refusal(503, "serverInternal", "down for a while")
    assert server.said("no certificate was obtained", 15)
    assert "the one before serves until" in server.log
    assert show(server, acme.root).serial_number == first.serial_number
    values = metrics(server)
    assert values[f'cove_letsencrypt_failures_total{{host="{HOST}"}}'] == 1
    expiry = values[f'cove_letsencrypt_certificate_expiry_timestamp_seconds{{host="{HOST}"}}']
    assert expiry == first.not_valid_after_utc.timestamp()
    assert values[f'cove_tls_certificate_expiry_timestamp_seconds{{addr="{server.host}"}}'] == expiry
    found = report(server)
    assert found["failures"] == 1 and "down for a while" in found["error"] and found["nextAttempt"]
    time.sleep(3)
    assert len(acme.orders) == 1, "the ACME server was asked again at once"
    acme.refusal = None
    server.signal(signal.SIGHUP)
    assert until(lambda: (found := shown(server, acme.root)) and found.serial_number != first.serial_number, 10), server.log[-2000:]
    assert "error" not in report(server)


def test_failures_are_remembered_over_restarts_so_that_nobody_is_hammered(acme, secured):
    acme.tls_port = free_port()  # where nobody answers
    server = secured.start()
    assert server.said("no certificate was obtained")
    assert "Port 443 of registry.cove.test must lead to http.addr" in server.log
    for _ in range(3):
        server.kill()
        server.start()
        time.sleep(0.5)
    assert len(acme.orders) == 1
    acme.tls_port = server.port
    server.signal(signal.SIGHUP)
    served(server, acme.root)


def test_an_authority_that_was_asked_too_often_is_left_alone(acme, secured):
    acme.refusal = Refusal(429, "rateLimited", "too many certificates already issued", {"Retry-After": "3600"})
    server = secured.start()
    assert server.said("no certificate was obtained")
    acme.refusal = None
    server.signal(signal.SIGHUP)
    assert server.said("as SIGHUP asks")
    time.sleep(2.5)
    assert acme.orders == []
    assert report(server)["nextAttempt"] >= (datetime.now(UTC) + timedelta(seconds=3500)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("moment", ["newOrder", "challenge", "finalize", "certificate"])
def test_killed_in_the_middle_of_an_order_it_obtains_one_afterwards(acme, secured, moment):
    server = secured.start(ready=False)
    assert until(lambda: any(path.startswith(f"/{moment}") for _, path in acme.requests), 20, every=0.001)
    server.kill()
    server.start()
    if not until(lambda: shown(server, acme.root), 3):
        # The attempt counts as a failed one; whoever does not want to wait says so.
        server.signal(signal.SIGHUP)
    found = served(server, acme.root)
    server.restart()
    assert served(server, acme.root, 5).serial_number == found.serial_number
    assert len(acme.accounts) == 1 and len(acme.orders) <= 2


def test_a_suggested_renewal_is_followed(acme, secured):
    now = datetime.now(UTC)
    acme.window = (now - timedelta(hours=2), now - timedelta(hours=1))
    acme.lifetime = 6
    server = secured.start()
    first = served(server, acme.root)
    # After a third of its life, which is the least that lies between two orders, and not after two thirds.
    assert until(lambda: len(acme.issued) == 2, 10, every=0.01), server.log[-2000:]
    acme.window = None
    age = acme.issued[1].not_valid_before_utc - first.not_valid_before_utc
    assert age <= timedelta(seconds=4)
    assert acme.orders[1]["replaces"] == acme.renewal_id(acme.issued[0])


def test_a_cache_of_registry2_is_used_as_it_is(acme, secured, new_server, tmp_path):
    first = secured.start()
    certificate = served(first, acme.root)
    first.stop()
    cache = tmp_path / "cache"
    cache.mkdir()
    # autocert, which registry:2 uses, keeps the key in its older form, and nothing else beside.
    lines = (vault(first) / HOST).read_text().split("-----BEGIN CERTIFICATE-----", 1)
    key = programs.run("openssl", "ec", input=lines[0]).out
    (cache / HOST).write_text(f"{key}-----BEGIN CERTIFICATE-----{lines[1]}")
    shutil.copy(vault(first) / "acme_account+key", cache)
    second = new_server(config(acme, cachefile=str(cache))).start()
    assert served(second, acme.root, 5).serial_number == certificate.serial_number
    assert len(acme.orders) == 1


def test_registry2_goes_on_with_what_cove_obtained(acme, secured, tmp_path):
    acme.lifetime = 90 * 86_400
    server = secured.start()
    certificate = served(server, acme.root)
    server.stop()
    old = Registry2(tmp_path / "registry2", tmp_path / "registry2" / "data")
    old.config["http"]["tls"] = {"letsencrypt": {"cachefile": str(vault(server)), "hosts": [HOST], "email": "ops@cove.test"}}
    old.write_config()
    old.start(ready=False)
    try:
        assert served(old, acme.root).serial_number == certificate.serial_number
    finally:
        old.stop()


def test_another_directory_means_another_certificate(acme, secured, tmp_path, authority):
    server = secured.start()
    first = served(server, acme.root)
    server.stop()
    with AcmeServer(tmp_path / "other", authority) as other:
        other.tls_port = server.port
        server.config["http"]["tls"]["letsencrypt"].update(other.settings)
        server.write_config()
        server.start()
        assert served(server, other.root).serial_number != first.serial_number


def test_an_acme_server_that_nobody_trusts_is_not_believed(acme, new_server):
    changes = config(acme)
    del changes["http"]["tls"]["letsencrypt"]["directoryca"]
    server = new_server(changes).start()
    assert server.said("its certificate is of no authority that is trusted here")
    assert acme.requests == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hosts": [], "cachefile": "/cache"}, "'http.tls.letsencrypt.hosts' is missing"),
        ({"hosts": ["*.cove.test"]}, "wildcards are proved in the DNS only"),
        ({"hosts": ["10.0.0.1"]}, "is not a DNS name"),
        ({"directoryurl": "http://ca.cove.test/dir"}, "must be an https URL"),
        ({"email": "nobody"}, "must be an address such as ops@example.org"),
        ({"http01addr": ":5000"}, "and 'http.addr' listens on"),
        ({"externalaccount": {"keyid": "k"}}, "'http.tls.letsencrypt.externalaccount.hmackey' is missing"),
        ({"challenge": "dns-01"}, "unknown key 'http.tls.letsencrypt.challenge'"),
        ({"directoryca": "/nowhere.pem"}, "http.tls.letsencrypt.directoryca: cannot read the certificates in /nowhere.pem"),
    ],
)
def test_what_cannot_be_is_refused_at_start(new_server, settings, said):
    server = new_server({"http": {"addr": "127.0.0.1:5000", "tls": {"letsencrypt": {"hosts": [HOST], **settings}}}})
    server.start(ready=False)
    assert server.wait() != 0
    assert said in server.log, server.log


def test_a_certificate_beside_it_is_refused(new_server):
    tls = {"certificate": "/c.pem", "key": "/k.pem", "letsencrypt": {"hosts": [HOST]}}
    server = new_server({"http": {"tls": tls}}).start(ready=False)
    assert server.wait() != 0
    assert "'http.tls' has a certificate or key and letsencrypt" in server.log
