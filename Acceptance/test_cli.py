"""The command line: what it prints, what it refuses, and how it ends."""

import re

import pytest

from harness import programs
from harness.raw import Registry, expect
from harness.server import Server, free_port, until

pytestmark = pytest.mark.beyond

GOOD = """\
version: 0.1
log:
  level: info
storage:
  filesystem:
    rootdirectory: /var/lib/cove
  delete:
    enabled: true
http:
  addr: 127.0.0.1:5000
  secret: the-secret
  headers:
    X-Content-Type-Options: [nosniff]
auth:
  htpasswd:
    realm: basic-realm
    path: /etc/cove/htpasswd
"""


def cove(*arguments, env=None, **options):
    options.setdefault("check", False)
    return programs.run(programs.binary(), *arguments, env=programs.environment(**(env or {})), **options)


@pytest.fixture
def config(tmp_path):
    def write(text: str):
        path = tmp_path / "config.yml"
        path.write_text(text)
        return path

    return write


def test_version_is_one_line_with_a_number():
    done = cove("version", check=True)
    assert re.search(r"\d+\.\d+\.\d+", done.out)
    assert len(done.out.strip().splitlines()) == 1


def test_help_names_every_command():
    done = cove("--help", check=True)
    for command in ("serve", "version", "config"):
        assert command in done.out


def test_an_unknown_command_is_refused():
    done = cove("serev")
    assert done.returncode == 64
    assert "serev" in done.err


def test_a_good_config_is_good(config):
    done = cove("config", "check", config(GOOD), check=True)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "right, wrong, nearest",
    [
        ("rootdirectory", "rootdir", "rootdirectory"),
        ("storage:", "storrage:", "storage"),
        ("  level: info", "  levle: info", "level"),
        ("realm: basic-realm", "relam: basic-realm", "realm"),
        ("  secret:", "  secrt:", "secret"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(config, right, wrong, nearest):
    assert right in GOOD
    done = cove("config", "check", config(GOOD.replace(right, wrong, 1)))
    assert done.returncode not in (0, -6, -11)
    said = done.out + done.err
    assert wrong.strip().split(":")[0] in said
    assert re.search(rf"\b{nearest}\b", said)


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("enabled: true", "enabled: perhaps"),
        ("level: info", "level: loud"),
        ("addr: 127.0.0.1:5000", "addr: 127.0.0.1:99999999"),
        ("version: 0.1", "version: 7"),
        ("addr: 127.0.0.1:5000", "addr: [1, 2]"),
        ("  filesystem:\n    rootdirectory: /var/lib/cove\n", ""),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(config, right, wrong):
    assert right in GOOD
    done = cove("config", "check", config(GOOD.replace(right, wrong, 1)))
    if wrong == "":
        return  # without a storage there is a default: either way is fine, a crash is not
    assert done.returncode not in (0, -6, -11), done.out
    assert wrong.split(":")[0] in done.out + done.err


@pytest.mark.parametrize("text", ["", "\0\0", "- a\n- b\n", "a: [", "text", "&a [*a]", "a: " + "[" * 10_000, "? {x: 1} : 2"])
def test_a_file_that_is_no_config_is_refused_without_a_crash(config, text):
    done = cove("config", "check", config(text))
    assert done.returncode >= 0, f"it crashed with {done.returncode}"
    if text:
        assert done.returncode != 0


def test_a_config_that_is_not_there_is_said(tmp_path):
    for command in (("config", "check"), ("serve",)):
        done = cove(*command, tmp_path / "nothing.yml", timeout=20)
        assert done.returncode > 0
        assert "nothing.yml" in done.out + done.err


def test_show_prints_effective_values_and_masks_secrets(config):
    done = cove("config", "show", config(GOOD), check=True)
    assert "/var/lib/cove" in done.out
    assert "headertimeout" in done.out, "defaults are effective values too"
    assert "the-secret" not in done.out
    assert "secret:" in done.out


def test_what_show_prints_is_itself_a_config(config, tmp_path):
    shown = cove("config", "show", config(GOOD), check=True).out
    again = tmp_path / "again.yml"
    again.write_text(shown)
    cove("config", "check", again, check=True)


def test_variables_override_the_file(config):
    done = cove("config", "show", config(GOOD), env={"REGISTRY_HTTP_ADDR": "127.0.0.1:5999"}, check=True)
    assert "127.0.0.1:5999" in done.out
    assert "127.0.0.1:5000" not in done.out


def test_variables_alone_are_enough_to_serve(tmp_path):
    addr = f"127.0.0.1:{free_port()}"
    server = Server(
        tmp_path / "server",
        env={"REGISTRY_HTTP_ADDR": addr, "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(tmp_path / "elsewhere")},
    )
    server.start(ready=False)
    try:

        def answers():
            try:
                return Registry(f"http://{addr}").get("/v2/").status_code == 200
            except OSError:
                return False

        assert until(answers, seconds=15), server.log
        Registry(f"http://{addr}").push_blob("app", b"data")
        assert list((tmp_path / "elsewhere").rglob("*")), "the files are elsewhere"
    finally:
        server.stop()


def test_an_unknown_variable_is_told(config):
    done = cove("config", "check", config(GOOD), env={"REGISTRY_HTTP_ADRR": "127.0.0.1:1"})
    assert "REGISTRY_HTTP_ADRR" in done.out + done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell):
    script = cove("--generate-completion-script", shell, check=True).out
    assert "serve" in script and "version" in script


def test_the_bash_completion_script_is_valid_bash(tmp_path):
    bash = programs.need("bash")
    script = tmp_path / "cove.bash"
    script.write_text(cove("--generate-completion-script", "bash", check=True).out)
    programs.run(bash, "-n", script)


def test_a_server_that_cannot_start_says_why_in_one_place(new_server, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    server = new_server({"storage": {"filesystem": {"rootdirectory": str(tmp_path / "file")}}}).start(ready=False)
    assert server.wait(20) > 0
    assert str(tmp_path / "file") in server.log
    assert "Fatal error" not in server.log


def test_extra_headers_of_the_config_are_in_every_answer(new_server):
    server = new_server({"http": {"headers": {"X-Content-Type-Options": ["nosniff"]}}}).start()
    assert expect(server.registry().get("/v2/"), 200).headers["X-Content-Type-Options"] == "nosniff"
