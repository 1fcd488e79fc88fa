"""A Docker engine of the tests' own: no bridge, no iptables, nothing shared with one that runs already."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import images, processes, programs
from .server import until


class Engine:
    def __init__(
        self,
        directory: Path,
        options: list[str] | None = None,
        within: list[object] | None = None,
        env: dict[str, str] | None = None,
    ):
        """`options` are further arguments of `dockerd`; `within` is put before its command line."""
        self.within, self.env = within or [], env or {}
        self.directory = directory
        self.options = options or []
        directory.mkdir(parents=True, exist_ok=True)
        # A unix socket's path may have 108 bytes; pytest's directories are longer.
        self.short = Path(tempfile.mkdtemp(prefix="cove-"))
        self.address = f"unix://{self.short}/s"
        self.log_path = directory / "dockerd.log"
        self.process: subprocess.Popen | None = None
        debians = "/usr/bin/docker"
        self.client = debians if os.path.exists(debians) else programs.need("docker")

    def start(self) -> "Engine":
        command = [
            *self.within,
            programs.need("dockerd"),
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
            "--storage-driver=vfs",
            f"--data-root={self.directory / 'data'}",
            f"--exec-root={self.short / 'exec'}",
            f"--pidfile={self.short / 'pid'}",
            f"--host={self.address}",
            "--insecure-registry=127.0.0.0/8",
            *self.options,
        ]
        self.process = processes.start(*command, log=self.log_path, env=programs.environment(**self.env))
        ready = until(lambda: self.process.poll() is not None or self._is_ready(), seconds=60, every=0.2)
        assert ready and self.process.poll() is None, f"no Docker engine:\n{self.log_path.read_text()[-3000:]}"
        return self

    def _is_ready(self) -> bool:
        return self("version", check=False).returncode == 0

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process)
        shutil.rmtree(self.short, ignore_errors=True)

    def __call__(self, *arguments: object, config: Path | None = None, **options) -> subprocess.CompletedProcess:
        """Runs `docker …` against this engine, with logins kept in `config`."""
        config = config or self.short / "config"
        config.mkdir(exist_ok=True)
        options["env"] = programs.environment(DOCKER_BUILDKIT="0", DOCKER_CONFIG=str(config))
        return programs.run(self.client, "--host", self.address, *arguments, **options)

    def import_base(self, name: str) -> str:
        """A base image from a tar, as there is no internet to pull one from."""
        self("import", "-", name, input=images.tar({"etc/motd": images.random_bytes(32)}))
        return name

    def build(self, tag: str, dockerfile: str, files: dict[str, bytes] | None = None, **options) -> str:
        context = images.tar({"Dockerfile": dockerfile.encode(), **(files or {})})
        self("build", "--tag", tag, "-", input=context, **options)
        return tag

    def image_id(self, name: str) -> str:
        return self("image", "inspect", "--format", "{{.Id}}", name).out.strip()

    def forget(self, *names: str) -> None:
        self("image", "rm", "--force", *names)
