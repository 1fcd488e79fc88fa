"""The command line at a server: Harbor's lines as people write them, logins, outputs, and how commands end."""

import json
import os
import pty
import subprocess

import pytest
import yaml

from harness import programs
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, PASSWORD, unique
from harness.images import image
from harness.server import Server

pytestmark = pytest.mark.beyond


@pytest.fixture(scope="module")
def links(tmp_path_factory):
    """The binary under the names by which it is called."""
    directory = tmp_path_factory.mktemp("bin")
    for name in ("cove", "harbor-cli", "docker-credential-cove"):
        (directory / name).symlink_to(os.path.realpath(programs.binary()))
    return directory


class Line:
    """A shell with contexts of its own."""

    def __init__(self, links, server, directory):
        self.links, self.server = links, server
        self.config = directory / "config.json"
        self.env = programs.environment(
            COVE_CONFIG=str(self.config), HOME=str(directory), PATH=f"{links}:{os.environ['PATH']}"
        )

    def __call__(self, line: str, code: int = 0, stdin: str = "") -> subprocess.CompletedProcess:
        """Runs a line as it is written."""
        done = subprocess.run(["sh", "-c", line], env=self.env, input=stdin, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def at_terminal(self, line: str, answer: str) -> subprocess.CompletedProcess:
        """Runs a line at a terminal where somebody types an answer; all that is seen there is in `stdout`."""
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(["sh", "-c", line], env=self.env, stdin=theirs, stdout=theirs, stderr=theirs)
            os.close(theirs)
            os.write(ours, f"{answer}\n".encode())
            code, seen = process.wait(60), b""
            try:
                while part := os.read(ours, 65536):
                    seen += part
            except OSError:
                pass  # a terminal that nobody has open any more ends so
        finally:
            os.close(ours)
        return subprocess.CompletedProcess(line, code, seen.decode())

    def json(self, line: str):
        return json.loads(self(f"{line} -o json").stdout)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("platform"), ACCOUNTS, env=ADMINISTRATOR).start()
    yield server
    server.stop()


@pytest.fixture
def line(links, platform, tmp_path):
    return Line(links, platform, tmp_path)


@pytest.fixture
def admin(line):
    line(f"cove login {line.server.url} -u admin --password-stdin", stdin=PASSWORD + "\n")
    return line


def test_the_lines_of_harbors_command_line_run_as_written(links, new_server, tmp_path):
    server = new_server(ACCOUNTS, env=ADMINISTRATOR).start()
    line = Line(links, server, tmp_path)
    done = line(f"harbor-cli login 127.0.0.1:{server.port} -u admin -p {PASSWORD}")
    assert "--password-stdin" in done.stderr, "a password in the arguments is warned of"
    line("harbor-cli project create myproject --public=false")
    assert "myproject" in line("harbor-cli project list").stdout
    line("harbor-cli user create developer --password DevPass123 --email dev@company.com")
    assert "developer" in line("harbor-cli user list").stdout
    server.registry(auth=ADMIN).push_image("myproject/myapp", image(), "1.0")
    assert "myproject/myapp" in line("harbor-cli repository list myproject").stdout
    assert "1.0" in line("harbor-cli artifact list myproject/myapp").stdout
    line("harbor-cli usergroup create developers")
    line("harbor-cli project member add myproject --member developers --role developer")
    members = line.json("harbor-cli project member list myproject")
    assert [(one["entity_type"], one["role_id"]) for one in members if one["entity_name"] == "developers"] == [("g", 2)]
    robot = line.json("harbor-cli robot create project-robot --project myproject --permissions pull,push")
    assert "myproject+project-robot" in robot["name"]
    server.registry(auth=(robot["name"], robot["secret"])).push_image("myproject/byrobot", image(), "1")


def test_a_login_is_tried_before_it_is_kept(line):
    line(f"cove login {line.server.url} -u admin --password-stdin", code=3, stdin="wrong\n")
    assert not line.config.exists()
    line("cove whoami", code=1)


def test_contexts_are_kept_for_their_owner_and_can_be_switched(admin):
    assert admin.config.stat().st_mode & 0o777 == 0o600
    admin(f"cove login {admin.server.url} -u admin --password-stdin --name other", stdin=PASSWORD + "\n")
    names = [one["name"] for one in admin.json("cove context list")]
    assert names == sorted([f"127.0.0.1:{admin.server.port}", "other"])
    assert PASSWORD not in admin("cove context show").stdout
    admin(f"cove context use 127.0.0.1:{admin.server.port}")
    admin("cove context use nowhere", code=5)
    admin("cove logout other")
    assert len(admin.json("cove context list")) == 1
    admin("cove logout")
    admin("cove project list", code=1)


def test_a_robot_can_log_in(admin):
    admin("cove project create robots")
    robot = admin.json("cove project robot create robots ci --permissions pull,push --duration never")
    admin(f"cove login {admin.server.url} -u '{robot['name']}' --password-stdin --name robot", stdin=robot["secret"] + "\n")
    admin(f"cove login {admin.server.url} -u '{robot['name']}' --password-stdin --name robot", code=3, stdin="wrong\n")


def test_outputs_are_for_people_and_for_scripts(admin):
    name = unique("outputs")
    assert admin.json(f"cove project create {name} --public")["name"] == name
    listed = admin.json("cove project list --all")
    assert next(one for one in listed if one["name"] == name)["metadata"]["public"] == "true"
    assert yaml.safe_load(admin("cove project list --all -o yaml").stdout) == listed
    table = admin("cove project list --all").stdout.splitlines()
    assert table[0].split()[:2] == ["NAME", "ID"]
    assert any(one.split()[0] == name for one in table)
    assert name in admin("cove project list --all -q").stdout.split()
    assert admin.json(f"cove project view {name}")["name"] == name


def test_pages_can_be_chosen(admin):
    for number in range(3):
        admin(f"cove label create page-{number}")
    first = admin.json("cove label list --page-size 2 --sort name")
    second = admin.json("cove label list --page-size 2 --page 2 --sort name")
    assert [one["name"] for one in first + second] == ["page-0", "page-1", "page-2"]
    assert len(admin.json("cove label list --all")) == 3
    assert "2 of 3" in admin("cove label list --page-size 2").stderr
    admin("cove label list --page-size 0", code=64)


def test_how_commands_end(admin, tmp_path):
    name = unique("ends")
    admin(f"cove project create {name}")
    again = admin(f"cove project create {name}", code=6)
    assert name in again.stderr and "409" in again.stderr and "request " in again.stderr
    admin("cove project view nothing-here", code=4 if admin("cove project view nothing-here || true").stderr.count("403") else 5)
    admin("cove user view nobody-here", code=5)
    admin("cove project", code=0)
    admin("cove project create", code=64)
    admin("cove project list --server http://127.0.0.1:1", code=7)
    admin(f"cove project create {unique('anonymous')} --server {admin.server.url} --context none", code=1)
    other = Line(admin.links, admin.server, tmp_path)
    other.env["COVE_CONFIG"] = str(tmp_path / "none.json")
    other(f"cove user list --server {admin.server.url}", code=3)
    user = unique("guest")
    admin(f"cove user create {user} --email {user}@example.org --password-stdin", stdin="Password1\n")
    other.env |= {"COVE_USERNAME": user, "COVE_PASSWORD": "Password1", "COVE_SERVER": admin.server.url}
    assert other.json("cove whoami")["username"] == user
    other(f"cove user delete {user}", code=4)


def test_a_day_of_an_administrator(admin):
    name, user = unique("day"), unique("alice")
    admin(f"cove project create {name} --storage-limit 10GiB")
    admin(f"cove user create {user} --email {user}@example.org --password-stdin", stdin="Password1\n")
    admin(f"cove user elevate {user}")
    assert admin.json(f"cove user view {user}")["sysadmin_flag"] is True
    admin(f"cove user elevate {user} --revoke=true")
    admin(f"cove user password {user} --password-stdin", stdin="Password2\n")
    admin(f"cove project member add {name} --member {user} --role guest")
    admin(f"cove project member update {name} {user} --role maintainer")
    assert [one["role_id"] for one in admin.json(f"cove project member list {name}") if one["entity_name"] == user] == [4]
    admin(f"cove project member delete {name} user:{user}")
    admin(f"cove user delete {user}")
    admin(f"cove label create stable --project {name} --color '#00ff00'")
    admin.server.registry(auth=ADMIN).push_image(f"{name}/a/b", image(), "1")
    admin(f"cove artifact label add {name}/a/b:1 stable")
    view = admin.json(f"cove artifact view {name}/a/b:1")
    assert [one["name"] for one in view["labels"]] == ["stable"]
    admin(f"cove tag create {name}/a/b:1 latest")
    assert sorted(one["name"] for one in admin.json(f"cove tag list {name}/a/b")) == ["1", "latest"]
    admin(f"cove tag delete {name}/a/b:latest")
    assert [one["name"] for one in admin.json(f"cove tag list {name}/a/b:1")] == ["1"]
    admin(f"cove quota update {name} --storage 20GiB")
    assert admin.json(f"cove quota view {name}")["hard"]["storage"] == 20 << 30
    admin(f"cove project update {name} --public=true")
    assert admin.json(f"cove project view {name}")["metadata"]["public"] == "true"
    admin(f"cove project delete {name}", code=6)
    admin(f"cove artifact delete {name}/a/b@{view['digest']}")
    admin(f"cove repository delete {name}/a/b")
    admin(f"cove project delete {name}")


def test_what_would_be_deleted_is_told_and_at_a_terminal_asked_for(admin):
    name = unique("gone")
    admin(f"cove project create {name}")
    admin.server.registry(auth=ADMIN).push_image(f"{name}/app", image(), "1")
    told = admin(f"cove project delete {name} --force --dry-run").stdout
    assert f"{name}/app" in told
    assert "1 artifact" in admin(f"cove repository delete {name}/app --dry-run").stdout
    assert " 1" in admin(f"cove artifact delete {name}/app:1 --dry-run").stdout
    assert [one["name"] for one in admin.json(f"cove tag list {name}/app")] == ["1"]
    admin(f"cove project delete {name} --dry-run=true --force=true")
    no = admin.at_terminal(f"cove project delete {name} --force", "n")
    assert no.returncode == 1 and f"Delete project '{name}'" in no.stdout
    assert admin.json(f"cove project view {name}")["name"] == name
    yes = admin.at_terminal(f"cove project delete {name} --force", "y")
    assert yes.returncode == 0, yes.stdout
    admin(f"cove project create {name}")
    unasked = admin.at_terminal(f"cove project delete {name} --yes", "n")
    assert unasked.returncode == 0 and "[y/N]" not in unasked.stdout


def test_commands_on_a_server_and_at_one_do_not_mix(admin):
    for local in ("quota explain team", "audit export", "config check x.yml", "config show", "garbage-collect"):
        for option in (f"--server {admin.server.url}", "--context other"):
            assert "Unknown option" in admin(f"cove {local} {option}", code=64).stderr
    for remote in ("quota view team", "audit list", "config get", "gc list"):
        assert "Unknown option" in admin(f"cove {remote} --config config.yml", code=64).stderr


def test_exit_codes_have_a_page_of_help(line):
    page = line("cove help exit-codes").stdout
    for code in ("0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "64 "):
        assert any(row.strip().startswith(code) for row in page.splitlines()), code


def test_robots_are_refreshed_and_disabled(admin):
    name = unique("bots")
    admin(f"cove project create {name}")
    robot = admin.json(f"cove robot create ci --project {name} --permissions pull,push")
    fresh = admin(f"cove robot refresh ci --project {name} -q").stdout.strip()
    assert fresh and fresh != robot["secret"]
    admin(f"cove robot disable ci -p {name}")
    assert admin.json(f"cove robot view ci -p {name}")["disable"] is True
    admin(f"cove robot enable '{robot['name']}'")
    assert [one["name"] for one in admin.json(f"cove robot list -p {name}")] == [robot["name"]]
    admin(f"cove robot delete ci -p {name}")
    admin(f"cove robot view ci -p {name}", code=5)
    admin(f"cove robot create ci --project {name} --permissions fly", code=64)


def test_a_server_is_looked_at_and_set_up(admin):
    assert admin.json("cove health")["status"] == "healthy"
    assert admin.json("cove info")["auth_mode"] == "db_auth"
    assert admin.json("cove whoami")["username"] == "admin"
    admin("cove config set self_registration=true token_expiration=20")
    assert admin("cove config get self_registration").stdout.strip() == "true"
    admin("cove config set token_expiration=soon", code=1)
    admin("cove config get no_such_setting", code=5)
    admin("cove config set self_registration=false")
    assert isinstance(admin.json("cove job list"), list)
    assert isinstance(admin.json("cove schedule list"), list)
    admin("cove gc schedule --set daily")
    assert admin.json("cove gc schedule")["schedule"]["type"] == "Daily"
    admin("cove gc schedule --set none")


def test_what_was_done_is_in_the_audit_log(admin):
    name = unique("audited")
    admin(f"cove project create {name}")
    found = admin.json(f"cove audit list --project {name}")
    assert any(one["username"] == "admin" and one["operation"] == "create" for one in found)


def test_a_webhook_is_made_changed_and_deleted(admin):
    name = unique("hooks")
    admin(f"cove project create {name}")
    admin(f"cove webhook create {name} ci --url https://ci.example.org/hook --events PUSH_ARTIFACT,DELETE_ARTIFACT")
    assert admin.json(f"cove webhook view {name} ci")["targets"][0]["address"] == "https://ci.example.org/hook"
    admin(f"cove webhook update {name} ci --enabled=false")
    assert admin.json(f"cove webhook list {name}")[0]["enabled"] is False
    assert admin.json(f"cove webhook deliveries {name} ci") == []
    admin(f"cove webhook delete {name} ci")


def test_docker_gets_the_logins_of_contexts(admin):
    host = f"127.0.0.1:{admin.server.port}"
    got = json.loads(admin("docker-credential-cove get", stdin=host).stdout)
    assert (got["Username"], got["Secret"]) == ("admin", PASSWORD)
    assert json.loads(admin("docker-credential-cove list").stdout) == {host: "admin"}
    admin("docker-credential-cove store", stdin=json.dumps({"ServerURL": "https://other/v1/", "Username": "u", "Secret": "s"}))
    assert json.loads(admin("docker-credential-cove get", stdin="other").stdout)["Secret"] == "s"
    admin("docker-credential-cove erase", stdin="https://other/v1/")
    missing = admin("docker-credential-cove get", code=1, stdin="other")
    assert missing.stdout.strip() == "credentials not found in native keychain"


def test_a_docker_engines_client_logs_in_through_the_helper(admin, engine, base_image, tmp_path):
    """`docker push` finds the context's login, `docker login` and `docker logout` keep and erase one of its own."""
    name = unique("helped")
    admin(f"cove project create {name}")
    robot = admin.json(f"cove robot create ci --project {name} --permissions pull,push")
    config = tmp_path / "docker"
    config.mkdir()
    host = f"127.0.0.1:{admin.server.port}"
    (config / "config.json").write_text(json.dumps({"credHelpers": {host: "cove"}}))
    docker = f"{engine.client} --host {engine.address} --config {config}"
    admin(f"{docker} tag {base_image} {host}/{name}/app:1")
    admin(f"{docker} push {host}/{name}/app:1")
    admin("cove logout")
    assert "denied" in (refused := admin(f"{docker} push {host}/{name}/app:1", code=1)).stderr or "unauthorized" in refused.stderr
    admin(f"{docker} login {host} -u '{robot['name']}' --password-stdin", stdin=robot["secret"] + "\n")
    admin(f"{docker} push {host}/{name}/app:1")
    assert robot["secret"] not in (config / "config.json").read_text()
    admin(f"{docker} logout {host}")
    assert admin("docker-credential-cove list").stdout.strip() == "{}"


def test_a_credential_helper_of_the_system_keeps_passwords(admin, tmp_path):
    helper = admin.links / "docker-credential-test"
    helper.write_text(
        "#!/bin/sh\ncase $1 in store) cat > $HOME/kept;; get) cat $HOME/kept;; erase) rm $HOME/kept;; esac\n"
    )
    helper.chmod(0o755)
    admin(f"cove login {admin.server.url} -u admin --password-stdin --helper test --name kept", stdin=PASSWORD + "\n")
    assert PASSWORD not in json.dumps(json.loads(admin.config.read_text())["contexts"]["kept"])
    assert admin.json("cove whoami")["username"] == "admin"
    admin("cove logout kept")
    assert not (tmp_path / "kept").exists()
    helper.unlink()


def test_completion_knows_the_commands_at_a_server(line):
    script = line("cove completion bash").stdout
    assert "usergroup" in script and "--permissions" in script
