"""A token server of the tests' own, as Distribution's specification has it, on PyJWT and cryptography."""

import base64
import datetime
import hashlib
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER = "acceptance token server"
SERVICE = "acceptance registry"
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES, "EdDSA")


class Signer:
    """A key for an algorithm, and what its tokens say about it in their header."""

    def __init__(self, algorithm: str = "ES256", **header):
        self.algorithm = algorithm
        self.header = header
        if algorithm in CURVES:
            self.key = ec.generate_private_key(CURVES[algorithm])
        elif algorithm == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwk(self, **more) -> dict:
        kind = jwt.get_algorithm_by_name(self.algorithm)
        return kind.to_jwk(self.key.public_key(), as_dict=True) | more

    def libtrust_fingerprint(self) -> str:
        """How registry:2 calls a key (docker/libtrust)."""
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        letters = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode()
        return ":".join(letters[start : start + 4] for start in range(0, 48, 4))

    def certificate(self, name: str, issuer: "tuple[str, Signer] | None" = None, ca: bool = False) -> x509.Certificate:
        """A certificate of this key, signed by its own or by an issuer's of that name."""
        issuer_name, issuer_signer = issuer or (name, self)
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name.from_rfc4514_string(f"CN={name}"))
            .issuer_name(x509.Name.from_rfc4514_string(f"CN={issuer_name}"))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        digest = None if issuer_signer.algorithm == "EdDSA" else hashes.SHA256()
        return builder.sign(issuer_signer.key, digest)

    def token(self, access: list[dict] | None = None, **claims) -> str:
        """A token that is good for five minutes, with `claims` over the usual ones; None removes one."""
        now = int(time.time())
        usual = {"iss": ISSUER, "aud": SERVICE, "sub": "alice", "nbf": now, "iat": now, "exp": now + 300}
        merged = {name: value for name, value in (usual | {"access": access or []} | claims).items() if value is not None}
        return jwt.encode(merged, self.key, algorithm=self.algorithm, headers=self.header)


def base64_der(certificate: x509.Certificate) -> str:
    """As the header x5c has it."""
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def write_bundle(path: Path, *certificates: x509.Certificate) -> str:
    path.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates))
    return str(path)


def write_key_set(path: Path, *keys: dict) -> str:
    path.write_text(json.dumps({"keys": list(keys)}))
    return str(path)


def right(scope: str) -> dict:
    """The entry of `access` for a scope such as repository:team/app:pull,push."""
    kind, name, actions = scope.split(":")
    return {"type": kind, "name": name, "actions": [action for action in actions.split(",") if action]}


class TokenServer:
    """Gives tokens to users with passwords, with what they may do of what they ask for.

    `rights` has for each user the actions by resource: `{"alice": {"repository:team/app": {"pull", "push"}}}`; a resource
    that ends in `*` is every one that begins so. `asked` collects the scopes of each request.
    """

    def __init__(self, signer: Signer, passwords: dict[str, str], rights: dict[str, dict[str, set[str]]]):
        self.signer = signer
        self.passwords = passwords
        self.rights = rights
        self.asked: list[list[str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                user = outer._user(self.headers.get("Authorization"))
                if user is None:
                    return self._answer(401, {"details": "incorrect username or password"})
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                if query.get("service") != [SERVICE]:
                    return self._answer(400, {"details": "unknown service"})
                scopes = [scope for text in query.get("scope", []) for scope in text.split(" ")]
                outer.asked.append(scopes)
                access = [outer._allowed(user, right(scope)) for scope in scopes]
                return self._answer(200, {"token": outer.signer.token(access, sub=user), "expires_in": 300})

            def do_POST(self) -> None:
                # OAuth is not spoken here; clients then come with GET.
                self._answer(404, {})

            def _answer(self, status: int, body: dict) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.realm = f"http://127.0.0.1:{self.http.server_port}/token"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self) -> "TokenServer":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def _user(self, authorization: str | None) -> str | None:
        """Who it is; "" for who brings no password."""
        if authorization is None:
            return ""
        user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return user if self.passwords.get(user) == password else None

    def _allowed(self, user: str, wanted: dict) -> dict:
        allowed: set[str] = set()
        for resource, actions in self.rights.get(user, {}).items():
            name = f"{wanted['type']}:{wanted['name']}"
            if name == resource or resource.endswith("*") and name.startswith(resource[:-1]):
                allowed |= actions
        return wanted | {"actions": [action for action in wanted["actions"] if action in allowed or "*" in allowed]}
