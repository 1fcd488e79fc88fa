"""An OpenID provider: oidc-provider-mock in a process of its own, which also checks PKCE; and a browser that logs in by it."""

import html
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

import requests

from . import processes, programs
from .server import free_port, until

# The mock does not look at the challenge (RFC 7636), so that is done before it.
PROGRAM = """
import base64, hashlib, sys
import flask
import oidc_provider_mock

app = oidc_provider_mock.app(require_nonce=True)
challenges = set()

@app.before_request
def check():
    if flask.request.path == "/oauth2/authorize":
        if flask.request.args.get("code_challenge_method") != "S256":
            return "no S256 challenge", 400
        challenges.add(flask.request.args["code_challenge"])
    if flask.request.path == "/oauth2/token":
        verifier = flask.request.form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() not in challenges:
            return {"error": "invalid_grant", "error_description": "wrong verifier"}, 400

app.run(host="127.0.0.1", port=int(sys.argv[1]), debug=False, threaded=True)
"""


class Provider:
    def __init__(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> "Provider":
        program = self.directory / "provider.py"
        program.write_text(PROGRAM)
        env = programs.environment(AUTHLIB_INSECURE_TRANSPORT="1")
        self.process = processes.start(sys.executable, program, self.port, log=self.directory / "provider.log", env=env)
        assert until(self._answers, 20), (self.directory / "provider.log").read_text()
        return self

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/jwks", timeout=2).ok
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process)
            self.process = None

    def set_user(self, subject: str, **claims) -> None:
        requests.put(f"{self.url}/users/{subject}", json=claims, timeout=10).raise_for_status()

    def settings(self, **changes) -> dict:
        return {
            "auth_mode": "oidc_auth",
            "oidc_name": "mock",
            "oidc_endpoint": self.url,
            "oidc_client_id": "cove",
            "oidc_client_secret": "a secret/with?signs",
            "oidc_scope": "openid,profile,email",
            "oidc_groups_claim": "groups",
        } | changes


class Browser(requests.Session):
    """Keeps cookies, and does not follow redirects."""

    def __init__(self, server):
        super().__init__()
        self.trust_env = False
        self.server = server

    def request(self, method, url, **options):
        options["allow_redirects"] = False
        options.setdefault("timeout", 30)
        return super().request(method, urljoin(self.server.url, url), **options)

    def authorize(self, subject: str, path: str = "/c/oidc/login") -> str:
        """Begins a login and says yes at the provider; the URL of the callback."""
        there = self.get(path)
        assert there.status_code == 302, there.text
        back = self.post(there.headers["Location"], data={"sub": subject})
        assert back.status_code == 302, back.text
        return back.headers["Location"]

    def log_in(self, subject: str, path: str = "/c/oidc/login") -> requests.Response:
        return self.get(self.authorize(subject, path))

    def csrf(self) -> dict[str, str]:
        return {"X-Harbor-CSRF-Token": self.get("/api/v2.0/systeminfo").headers["X-Harbor-CSRF-Token"]}


def secret_on(page: requests.Response) -> str:
    return html.unescape(re.search(r'<code id="secret">(.*?)</code>', page.text)[1])
