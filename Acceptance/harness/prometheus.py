"""A Prometheus of a test's own, that scrapes what it is told to every half second."""

import time
from pathlib import Path

import requests

from . import processes, programs, yaml
from .server import free_port, until


class Prometheus:
    def __init__(self, directory: Path, targets: list[str], rules: Path | None = None):
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.targets = targets
        self.rules = rules
        self.process = None

    def start(self) -> "Prometheus":
        config = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "400ms", "evaluation_interval": "1s"},
            "scrape_configs": [{"job_name": "cove", "static_configs": [{"targets": self.targets}]}],
        }
        if self.rules:
            config["rule_files"] = [str(self.rules)]
        path = self.directory / "prometheus.yml"
        path.write_text(yaml.dump(config))
        self.process = processes.start(
            programs.need("prometheus"),
            f"--config.file={path}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            log=self.directory / "prometheus.log",
        )
        assert until(self._is_ready, 30), (self.directory / "prometheus.log").read_text()
        return self

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    def __enter__(self) -> "Prometheus":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def query(self, expression: str) -> list[dict]:
        """The series of an expression now; an assertion that says what Prometheus said where it is wrong."""
        answer = requests.get(f"{self.url}/api/v1/query", {"query": expression, "time": time.time()}, timeout=10).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        result = answer["data"]["result"]
        return result if isinstance(result, list) else [result]

    def value(self, expression: str) -> float:
        """The one number of an expression; NaN when there is none."""
        series = self.query(expression)
        return float(series[0]["value"][1]) if series else float("nan")

    def alerts(self) -> list[dict]:
        """The rules, with whether each could be evaluated."""
        groups = requests.get(f"{self.url}/api/v1/rules", timeout=10).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]
