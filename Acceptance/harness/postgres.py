"""A PostgreSQL of the tests' own: made, stopped, killed and restarted at will, on a random port."""

import contextlib
import csv
import io
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import processes, programs
from .server import free_port, until

PASSWORD = "a password: with /?#@ in it"
# As it stands in a URL.
ENCODED_PASSWORD = "a%20password%3A%20with%20%2F%3F%23%40%20in%20it"


def programs_directory() -> Path | None:
    """Where Debian keeps the newest version's programs, which are not on the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found and (path := shutil.which("initdb")):
        found = [Path(path).parent]
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), default=None)


class Postgres:
    """Nothing is synced to the disk: the tests kill processes, not machines."""

    def __init__(self, **settings: str):
        self.bin = programs_directory() or Path(programs.need("initdb")).parent
        self.port = free_port()
        # Its own user must get there, and a unix socket's path may have 108 bytes: not in pytest's directories.
        self.directory = Path(tempfile.mkdtemp(prefix="cove-pg-"))
        self.data = self.directory / "data"
        self.log_path = self.directory / "log"
        self.process: subprocess.Popen | None = None
        self.numbers = itertools.count(1)
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            # initdb and postgres refuse to be root. The signal to die with the tests is lost with the change of user,
            # so it is asked for anew.
            user = self._account()
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            identity = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=QUIT")
            self._as_user = [programs.need("setpriv"), *identity]
        self.directory.chmod(0o755)
        self._make(settings)

    @staticmethod
    def _account() -> pwd.struct_passwd:
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise AssertionError("neither postgres nor nobody is a user of this machine")

    def _make(self, settings: dict[str, str]) -> None:
        self._run("initdb", "--pgdata", self.data, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--no-instructions")  # fmt: skip
        values = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.directory),
            "max_connections": "300",
            "fsync": "off",
            "shared_buffers": "64MB",
            "log_line_prefix": "%m [%p] %a ",
            "log_lock_waits": "on",
        } | settings
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in values.items())

    def _run(self, program: str, *arguments: object, **options) -> subprocess.CompletedProcess:
        return programs.run(*self._as_user, self.bin / program, *arguments, cwd=self.directory, **options)

    # Life and death

    def start(self, seconds: float = 30) -> "Postgres":
        self.process = processes.start(*self._as_user, self.bin / "postgres", "-D", self.data, log=self.log_path)
        assert until(self._answers, seconds), f"no PostgreSQL:\n{self.log[-3000:]}"
        return self

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            # What a killed one left in shared memory is being cleared by its children still.
            processes.wait(self.process, 1)
            time.sleep(0.1)
            self.process = processes.start(*self._as_user, self.bin / "postgres", "-D", self.data, log=self.log_path)
        ready = self._run("pg_isready", "--quiet", "--host", self.directory, "--port", self.port, check=False)
        return ready.returncode == 0

    def stop(self, mode: str = "fast") -> None:
        """As `pg_ctl stop -m`: `fast` ends every session, `immediate` gives nobody time to write anything down."""
        if self.process is None:
            return
        self.process.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
        processes.wait(self.process, 30)
        self.process = None

    def kill(self) -> None:
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop("immediate")
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # Databases

    def create_database(self) -> "Database":
        """An empty one, owned by a user of its own who has a password and no other rights."""
        name = f"cove_{next(self.numbers)}"
        self.query(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        # Sorted as people sort, not by bytes, where that can be had: a list must come in byte order all the same.
        sorting = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0" if self.version >= 15 else ""
        self.query(f"CREATE DATABASE {name} OWNER {name} {sorting}")
        return Database(self, name)

    @property
    def version(self) -> int:
        return int((self.data / "PG_VERSION").read_text().split(".")[0])

    def query(self, sql: str, database: str = "postgres") -> list[tuple[str, ...]]:
        """Runs statements as the administrator; the rows of the last one, as text, empty for null."""
        where = ("--host", self.directory, "--port", self.port, "--username", "postgres", "--dbname", database)
        done = self._run("psql", *where, "--no-psqlrc", "--quiet", "--csv", "--tuples-only",
                         "--set", "ON_ERROR_STOP=1", input=sql)  # fmt: skip
        return [tuple(row) for row in csv.reader(io.StringIO(done.out))]


class Database:
    def __init__(self, server: Postgres, name: str):
        self.server = server
        self.name = name

    @property
    def url(self) -> str:
        """For `metadata.url`."""
        return self.url_with(ENCODED_PASSWORD)

    def url_with(self, password: str, port: int | None = None) -> str:
        return f"postgresql://{self.name}:{password}@127.0.0.1:{port or self.server.port}/{self.name}"

    def query(self, sql: str) -> list[tuple[str, ...]]:
        return self.server.query(sql, self.name)
