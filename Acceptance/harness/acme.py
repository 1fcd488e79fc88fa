"""ACME servers (RFC 8555): Let's Encrypt's own for tests, pebble, and one of the tests' own that issues certificates for
seconds and fails as it is told to. Both really look for the answer to a challenge; every name is 127.0.0.1 to them."""

import base64
import hashlib
import http.client
import json
import secrets
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

from . import processes, programs
from .certificates import Authority
from .server import Server, free_port, until

HOST = "registry.cove.test"
ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    assert "=" not in text and "+" not in text and "/" not in text, f"not base64url: {text}"
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Refusal(Exception):
    def __init__(self, status: int, kind: str, detail: str, headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, headers or {}


class AcmeServer:
    """On a port of its own. It validates by connecting to 127.0.0.1: `http_port` for HTTP-01, `tls_port` for TLS-ALPN-01."""

    def __init__(self, directory: Path, authority: Authority, lifetime: float = 3600):
        directory.mkdir(parents=True, exist_ok=True)
        self.authority = authority
        self.lifetime = lifetime
        self.http_port = 0
        self.tls_port = 0
        self.further_ports: list[int] = []
        """Where the answer has to be found as well: an authority looks from several places."""
        self.challenges = ["http-01", "tls-alpn-01", "dns-01"]
        self.refusal: Refusal | None = None
        """What new orders are answered with."""
        self.window: tuple[datetime, datetime] | None = None
        """When certificates should be renewed (RFC 9773)."""
        self.every_second_nonce_is_bad = False
        self.orders: list[dict] = []
        self.accounts: dict[str, dict] = {}
        self.issued: list[x509.Certificate] = []
        self.validations: list[str | None] = []
        """What was wrong with each answer to a challenge that was looked for; None where it was right."""
        self.requests: list[tuple[str, str]] = []
        self.user_agents: set[str] = set()
        self._nonces: set[str] = set()
        self._count = 0
        self._lock = threading.RLock()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acceptance ACME root")])
        self._root = self._self_signed()
        self.root = directory / "root.pem"
        self.root.write_bytes(self._root.public_bytes(serialization.Encoding.PEM))
        self.port = free_port()
        self.base = f"https://127.0.0.1:{self.port}"
        self.url = f"{self.base}/directory"
        self._server: ThreadingHTTPServer | None = None

    def _self_signed(self) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder(self._name, self._name, self._key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    # Life and death

    def start(self) -> "AcmeServer":
        acme = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                acme._answer(self, b"")

            do_HEAD = do_GET

            def do_POST(self):
                acme._answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.daemon_threads = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        certificate = self.authority.issue("acme")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "AcmeServer":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def settings(self) -> dict:
        return {"directoryurl": self.url, "directoryca": str(self.authority.certificate)}

    # Requests

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._lock:
            self.requests.append((request.command, request.path))
            self.user_agents.add(request.headers.get("User-Agent", ""))
            try:
                status, answer, headers = self._route(request, body)
            except Refusal as refusal:
                status, headers = refusal.status, {"Content-Type": "application/problem+json", **refusal.headers}
                answer = {"type": f"urn:ietf:params:acme:error:{refusal.kind}", "detail": refusal.detail}
            except (AssertionError, KeyError, ValueError, InvalidSignature) as error:
                status, headers = 400, {"Content-Type": "application/problem+json"}
                answer = {"type": "urn:ietf:params:acme:error:malformed", "detail": repr(error)}
            nonce = encode(secrets.token_bytes(16))
            self._nonces.add(nonce)
        payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", "Replay-Nonce": nonce, **headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(payload)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(payload)

    def _route(self, request: BaseHTTPRequestHandler, body: bytes):
        path = request.path
        if path == "/directory" and request.command == "GET":
            directory = {name: f"{self.base}/{name}" for name in ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")}
            if self.window:
                directory["renewalInfo"] = f"{self.base}/renewalInfo"
            return 200, {**directory, "meta": {"termsOfService": f"{self.base}/terms"}}, {}
        if path == "/newNonce":
            return (200 if request.command == "HEAD" else 204), b"", {"Cache-Control": "no-store"}
        if path.startswith("/renewalInfo/") and request.command == "GET":
            start, end = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in self.window)
            assert path.split("/")[2] in map(self.renewal_id, self.issued), "no certificate of this server"
            return 200, {"suggestedWindow": {"start": start, "end": end}}, {"Retry-After": "60"}
        assert request.command == "POST", "only POST is for this"
        assert request.headers["Content-Type"] == "application/jose+json", request.headers["Content-Type"]
        account, payload = self._verified(f"{self.base}{path}", body)
        kind, _, number = path[1:].partition("/")
        return getattr(self, f"_{kind}")(account, payload, number)

    def _verified(self, url: str, body: bytes) -> tuple[str, dict | None]:
        """The account and the payload of a JWS (section 6.2); None for POST-as-GET."""
        jws = json.loads(body)
        assert set(jws) == {"protected", "payload", "signature"}, sorted(jws)
        header = json.loads(decode(jws["protected"]))
        assert header["alg"] == "ES256", header
        assert ("jwk" in header) != ("kid" in header), "either jwk or kid"
        if header["url"] != url:
            raise Refusal(401, "unauthorized", f"the header is for {header['url']}")
        self._count += 1
        if header["nonce"] not in self._nonces or (self.every_second_nonce_is_bad and self._count % 2):
            self._nonces.discard(header["nonce"])
            raise Refusal(400, "badNonce", "use the new one")
        self._nonces.remove(header["nonce"])
        if "jwk" in header:
            assert url.endswith("/newAccount"), "a key is for new accounts only"
            jwk = header["jwk"]
        elif header["kid"] not in self.accounts:
            raise Refusal(400, "accountDoesNotExist", "there is no such account")
        else:
            jwk = self.accounts[header["kid"]]["jwk"]
        numbers = [int.from_bytes(decode(jwk[name]), "big") for name in "xy"]
        key = ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
        raw = decode(jws["signature"])
        assert len(raw) == 64, "a signature of ES256 has 64 bytes"
        signature = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.verify(signature, f"{jws['protected']}.{jws['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
        self._jwk = jwk
        return header.get("kid", ""), json.loads(decode(jws["payload"])) if jws["payload"] else None

    def _newAccount(self, _: str, payload: dict, __: str):
        for url, account in self.accounts.items():
            if account["jwk"] == self._jwk:
                return 200, {"status": "valid"}, {"Location": url}
        if payload.get("onlyReturnExisting"):
            raise Refusal(400, "accountDoesNotExist", "there is none for this key")
        if payload.get("termsOfServiceAgreed") is not True:
            raise Refusal(403, "userActionRequired", "the terms of service have to be accepted")
        url = f"{self.base}/account/{len(self.accounts)}"
        self.accounts[url] = {"jwk": self._jwk, "contact": payload.get("contact")}
        return 201, {"status": "valid", "contact": payload.get("contact")}, {"Location": url}

    def _account(self, account: str, payload: dict | None, _: str):
        if payload and "contact" in payload:
            self.accounts[account]["contact"] = payload["contact"]
        return 200, {"status": "valid", "contact": self.accounts[account]["contact"]}, {}

    def _newOrder(self, account: str, payload: dict, _: str):
        if self.refusal:
            raise self.refusal
        assert [one["type"] for one in payload["identifiers"]] == ["dns"], payload
        order = {
            "account": account,
            "host": payload["identifiers"][0]["value"],
            "status": "pending",
            "authorization": "pending",
            "token": encode(secrets.token_bytes(32)),
            "replaces": payload.get("replaces"),
        }
        self.orders.append(order)
        number = len(self.orders) - 1
        return 201, self._shown(number), {"Location": f"{self.base}/order/{number}"}

    def _shown(self, number: int) -> dict:
        order = self.orders[number]
        shown = {
            "status": order["status"],
            "identifiers": [{"type": "dns", "value": order["host"]}],
            "authorizations": [f"{self.base}/authorization/{number}"],
            "finalize": f"{self.base}/finalize/{number}",
        }
        if order["status"] == "valid":
            shown["certificate"] = f"{self.base}/certificate/{number}"
        if "error" in order:
            shown["error"] = order["error"]
        return shown

    def _mine(self, account: str, number: str) -> dict:
        order = self.orders[int(number)]
        if order["account"] != account:
            raise Refusal(403, "unauthorized", "that is somebody else's")
        return order

    def _order(self, account: str, payload: None, number: str):
        assert payload is None, "an order is read with POST-as-GET"
        self._mine(account, number)
        return 200, self._shown(int(number)), {}

    def _authorization(self, account: str, payload: None, number: str):
        assert payload is None, "an authorization is read with POST-as-GET"
        order = self._mine(account, number)
        challenges = [self._challenge_of(order, kind, number) for kind in self.challenges]
        shown = {"identifier": {"type": "dns", "value": order["host"]}, "status": order["authorization"], "challenges": challenges}
        return 200, shown, {}

    def _challenge_of(self, order: dict, kind: str, number: str) -> dict:
        shown = {"type": kind, "url": f"{self.base}/challenge/{number}-{kind}", "token": order["token"], "status": order["authorization"]}
        if "error" in order:
            shown["error"] = order["error"]
        return shown

    def _challenge(self, account: str, payload: dict, number: str):
        assert payload == {}, "a challenge is answered with an empty object"
        number, _, kind = number.partition("-")
        order = self._mine(account, number)
        jwk = json.dumps({name: self._jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
        expected = f"{order['token']}.{encode(hashlib.sha256(jwk.encode()).digest())}"
        threading.Thread(target=self._validate, args=(order, kind, expected), daemon=True).start()
        return 200, self._challenge_of(order, kind, number), {}

    def _finalize(self, account: str, payload: dict, number: str):
        order = self._mine(account, number)
        if order["status"] != "ready":
            raise Refusal(403, "orderNotReady", f"the order is {order['status']}")
        request = x509.load_der_x509_csr(decode(payload["csr"]))
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
        if not request.is_signature_valid or names != [order["host"]]:
            raise Refusal(400, "badCSR", f"the request is for {names}")
        order["chain"] = self._issue(request)
        order["status"] = "valid"
        return 200, self._shown(int(number)), {"Location": f"{self.base}/order/{number}"}

    def _certificate(self, account: str, payload: None, number: str):
        assert payload is None
        return 200, self._mine(account, number)["chain"], {"Content-Type": "application/pem-certificate-chain"}

    def _issue(self, request: x509.CertificateSigningRequest) -> bytes:
        now = datetime.now(UTC).replace(microsecond=0)
        issued = (
            x509.CertificateBuilder(self._name, x509.Name([]), request.public_key(), x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(seconds=self.lifetime))
            .add_extension(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value, critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.issued.append(issued)
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (issued, self._root))

    @staticmethod
    def renewal_id(certificate: x509.Certificate) -> str:
        """RFC 9773 section 4.1."""
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        serial = certificate.serial_number
        return f"{encode(issuer)}.{encode(serial.to_bytes(serial.bit_length() // 8 + 1, 'big'))}"

    # Validation

    def _validate(self, order: dict, kind: str, expected: str) -> None:
        time.sleep(0.05)
        try:
            look, port = (self._look_by_http, self.http_port) if kind == "http-01" else (self._look_by_tls, self.tls_port)
            found = [look(order, expected, where) for where in (port, *self.further_ports)]
            wrong = next(filter(None, found), None)
        except (OSError, http.client.HTTPException, ValueError) as error:
            wrong = f"{type(error).__name__}: {error}"
        with self._lock:
            self.validations.append(wrong)
            order["authorization"] = "invalid" if wrong else "valid"
            order["status"] = "invalid" if wrong else "ready"
            if wrong:
                order["error"] = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": wrong}

    def _look_by_http(self, order: dict, expected: str, port: int) -> str | None:
        """Section 8.3."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", f"/.well-known/acme-challenge/{order['token']}", headers={"Host": order["host"]})
        response = connection.getresponse()
        found = response.read(10_000).decode(errors="replace").rstrip()
        connection.close()
        return None if response.status == 200 and found == expected else f"{response.status} {found[:100]}"

    def _look_by_tls(self, order: dict, expected: str, port: int) -> str | None:
        """RFC 8737 section 3."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["acme-tls/1"])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname=order["host"]) as connection:
                if connection.selected_alpn_protocol() != "acme-tls/1":
                    return f"the protocol is {connection.selected_alpn_protocol()}"
                certificate = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if list(names) != [x509.DNSName(order["host"])]:
            return f"the certificate is for {list(names)}"
        extension = certificate.extensions.get_extension_for_oid(ACME_IDENTIFIER)
        right = b"\x04\x20" + hashlib.sha256(expected.encode()).digest()
        return None if extension.critical and extension.value.value == right else "the digest is wrong"


class Pebble:
    """Let's Encrypt's ACME server for tests, with its DNS server, in which every name is 127.0.0.1."""

    def __init__(self, directory: Path, authority: Authority, external_account: tuple[str, str] | None = None):
        self.program = programs.need("pebble")
        self.names = programs.need("pebble-challtestsrv")
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.authority = authority
        self.port, self.management, self.dns = free_port(), free_port(), free_port()
        self.http_port, self.tls_port = free_port(), free_port()
        self.external_account = external_account
        self.root = directory / "root.pem"
        self.url = f"https://127.0.0.1:{self.port}/dir"
        self._processes: list[subprocess.Popen] = []

    @property
    def settings(self) -> dict:
        return {"directoryurl": self.url, "directoryca": str(self.authority.certificate)}

    def start(self) -> "Pebble":
        certificate = self.authority.issue("pebble")
        config = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(certificate.certificate),
            "privateKey": str(certificate.key),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "externalAccountBindingRequired": self.external_account is not None,
            "externalAccountMACKeys": dict([self.external_account]) if self.external_account else {},
        }
        path = self.directory / "pebble.json"
        path.write_text(json.dumps({"pebble": config}))
        nobody = ("-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "")
        names = (self.names, *nobody, "-dns01", f"127.0.0.1:{self.dns}", "-management", f"127.0.0.1:{free_port()}")
        # It rejects good nonces, and keeps valid authorizations, by chance.
        env = programs.environment(PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="30", PEBBLE_AUTHZREUSE="0")
        pebble = (self.program, "-config", path, "-dnsserver", f"127.0.0.1:{self.dns}", "-strict")
        self._processes = [
            processes.start(*names, log=self.directory / "names.log"),
            processes.start(*pebble, log=self.directory / "pebble.log", env=env),
        ]
        found = until(self._fetch_root, seconds=20)
        assert found, f"no pebble:\n{self.log[-3000:]}"
        self.root.write_bytes(found)
        return self

    def _fetch_root(self) -> bytes | None:
        context = ssl.create_default_context(cafile=self.authority.certificate)
        try:
            return urllib.request.urlopen(f"https://127.0.0.1:{self.management}/roots/0", context=context, timeout=5).read()
        except OSError:
            return None

    def stop(self) -> None:
        for process in self._processes:
            processes.stop(process, 5)
        self._processes = []

    def __enter__(self) -> "Pebble":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def log(self) -> str:
        return (self.directory / "pebble.log").read_text(errors="replace")

    @property
    def issued(self) -> int:
        return self.log.count("Issued certificate serial")


def naming(directory: Path, *hosts: str) -> list[object]:
    """What is put before a program's command line so that it finds these hosts at 127.0.0.1: a mount of its own."""
    programs.need_root("a mount namespace")
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "hosts"
    path.write_text(f"127.0.0.1 localhost {' '.join(hosts)}\n")
    return [programs.need("unshare"), "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', path]


def greet(server: Server, ca: Path | None, name: str | None = HOST, protocols: list[str] | None = None):
    """The certificate and the protocol that a client gets who trusts `ca` only, or anybody without; ssl.SSLError where there
    is no certificate that it takes."""
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = name is not None and ca is not None
    context.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
    context.set_alpn_protocols(protocols or ["http/1.1"])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as connection:
            certificate = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True))
            return certificate, connection.selected_alpn_protocol()


def show(server: Server, ca: Path | None, name: str | None = HOST) -> x509.Certificate:
    return greet(server, ca, name)[0]


def shown(server: Server, ca: Path, name: str = HOST) -> x509.Certificate | None:
    try:
        return show(server, ca, name)
    except (ssl.SSLError, ConnectionError):
        return None


def served(server: Server, ca: Path, seconds: float = 20, name: str = HOST) -> x509.Certificate:
    found = until(lambda: shown(server, ca, name), seconds)
    assert found, server.log[-3000:]
    return found
