"""A PostgreSQL server of the benchmark's own, which syncs as in production."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class Postgres:
    def __init__(self, scratch: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        program = str(found[-1]) if found else shutil.which("initdb")
        if not program:
            raise RuntimeError("no PostgreSQL server; install Debian's package postgresql")
        self.programs = Path(program).parent
        # A socket's path may have 108 bytes.
        self.directory = Path(tempfile.mkdtemp(prefix="pg-", dir=scratch))
        scratch.chmod(0o711)
        self.user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to be root
            shutil.chown(self.directory, "nobody")
            self.user = ["setpriv", "--reuid=nobody", "--clear-groups", "--pdeathsig=QUIT", "--"]
        data = self.directory / "data"
        self._run("initdb", f"--pgdata={data}", "--username=cove", "--auth=trust", "--encoding=UTF8", "--locale=C")
        with open(data / "postgresql.conf", "a") as settings:
            settings.write(
                f"listen_addresses = ''\nunix_socket_directories = '{self.directory}'\nshared_buffers = 512MB\n"
                "max_wal_size = 4GB\nmaintenance_work_mem = 512MB\n"
            )
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.user, str(self.programs / "postgres"), "-D", str(data)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
            )  # fmt: skip
        self._run("pg_isready", "--timeout=30", f"--host={self.directory}", "--dbname=postgres", tries=300)

    @property
    def url(self) -> str:
        return f"postgresql://cove@/postgres?host={self.directory}"

    def execute(self, sql: str) -> None:
        self._run("psql", self.url, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--command", sql)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program: str, *arguments: str, tries: int = 1) -> None:
        for attempt in range(tries):
            done = subprocess.run(
                [*self.user, str(self.programs / program), *arguments], capture_output=True, text=True, cwd=self.directory
            )
            if done.returncode == 0:
                return
            if attempt + 1 < tries:
                subprocess.run(["sleep", "0.1"], check=False)
        raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
