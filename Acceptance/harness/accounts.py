"""Harbor's API by hand, and what tests of accounts need: users, projects, robots, tokens.

A server of accounts is `new_server(ACCOUNTS, env=ADMINISTRATOR)`.
"""

import secrets

import requests

from .raw import expect

PASSWORD = "Harbor12345"
ADMIN = ("admin", PASSWORD)
ADMINISTRATOR = {"COVE_ADMIN_PASSWORD": PASSWORD}
ACCOUNTS = {"auth": {"accounts": {}}}

PROJECT_ADMIN, DEVELOPER, GUEST, MAINTAINER, LIMITED_GUEST = 1, 2, 3, 4, 5
ROLES = {
    "projectAdmin": PROJECT_ADMIN,
    "maintainer": MAINTAINER,
    "developer": DEVELOPER,
    "guest": GUEST,
    "limitedGuest": LIMITED_GUEST,
}


class Harbor:
    """`/api/v2.0` of a server, as somebody: the administrator unless said otherwise; nobody with `auth=None`."""

    def __init__(self, server, auth: tuple[str, str] | None = ADMIN):
        self.server = server
        self.base = f"{server.url}/api/v2.0"
        self.auth = auth
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, *, auth=..., **options) -> requests.Response:
        options.setdefault("timeout", 60)
        return self.session.request(method, self.base + path, auth=self.auth if auth is ... else auth, **options)

    def get(self, path: str, *, auth=..., **params) -> requests.Response:
        return self("GET", path, auth=auth, params=params)

    def head(self, path: str, *, auth=..., **params) -> requests.Response:
        return self("HEAD", path, auth=auth, params=params)

    def post(self, path: str, json=None, *, auth=..., **options) -> requests.Response:
        return self("POST", path, auth=auth, json=json, **options)

    def put(self, path: str, json=None, *, auth=..., **options) -> requests.Response:
        return self("PUT", path, auth=auth, json=json, **options)

    def delete(self, path: str, *, auth=..., **options) -> requests.Response:
        return self("DELETE", path, auth=auth, **options)


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(3)}"


def made(response: requests.Response) -> int:
    """The number of what was made, of the end of its Location."""
    return int(expect(response, 201).headers["Location"].rstrip("/").rsplit("/", 1)[1])


def make_user(harbor: Harbor, name: str | None = None, password: str = PASSWORD, **fields) -> tuple[str, str]:
    """A user; how it logs in."""
    name = name or unique("user")
    made(harbor.post("/users", {"username": name, "password": password, "email": f"{name}@example.org", "realname": name, **fields}))
    return (name, password)


def make_project(harbor: Harbor, name: str | None = None, public: bool = False, **fields) -> str:
    name = name or unique("project")
    made(harbor.post("/projects", {"project_name": name, "metadata": {"public": str(public).lower()}, **fields}))
    return name


def add_member(harbor: Harbor, project: str, user: str, role: int) -> int:
    return made(harbor.post(f"/projects/{project}/members", {"role_id": role, "member_user": {"username": user}}))


def make_robot(
    harbor: Harbor, project: str | None = None, access: tuple[tuple[str, str], ...] = (("repository", "pull"), ("repository", "push")), **fields
) -> tuple[str, str]:
    """A robot of a project, or of the system with rights to all projects; how it logs in."""
    permission = {
        "kind": "project",
        "namespace": project or "*",
        "access": [{"resource": resource, "action": action} for resource, action in access],
    }
    level = "project" if project else "system"
    body = {"name": unique("ci"), "level": level, "duration": -1, "permissions": [permission], **fields}
    robot = expect(harbor.post("/robots", body), 201).json()
    return (robot["name"], robot["secret"])
