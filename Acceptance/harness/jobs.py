"""Jobs by Harbor's API, and a store in which collecting garbage takes long enough to be interrupted."""

import sqlite3

import requests

from .accounts import Harbor
from .raw import expect
from .server import until

# For SQLite and PostgreSQL.
MANY_REPOSITORIES = """
INSERT INTO project (name, created_at) VALUES ('many', 1);
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 60000)
INSERT INTO repository (project_id, name, created_at)
SELECT (SELECT id FROM project WHERE name = 'many'), 'many/r' || i, 1 FROM numbers;
"""

KIND = "GARBAGE_COLLECTION"
EVERY_SECOND = "* * * * * *"


def execute(server, sql: str) -> None:
    """Runs statements on the store of a server that is not running."""
    database = sqlite3.connect(server.root / "cove.db")
    database.executescript(sql)
    database.commit()
    database.close()


def hurry(harbor: Harbor) -> None:
    """Has what is scheduled set off every second, which the API refuses."""
    harbor.server.stop()
    execute(harbor.server, f"UPDATE job_schedule SET cron = '{EVERY_SECOND}', next_at = 1")
    harbor.server.start()


def schedule(harbor: Harbor, kind: str, cron: str | None = None, put: bool = False, path: str = "/system/gc", **parameters):
    """Asks for a run, or for a schedule of runs."""
    body = {"schedule": {"type": kind} | ({"cron": cron} if cron else {}), "parameters": parameters}
    return (harbor.put if put else harbor.post)(f"{path}/schedule", body)


def collect(harbor: Harbor, **parameters) -> int:
    """Has garbage collected; the run's number."""
    return int(expect(schedule(harbor, "Manual", **parameters), 201).headers["Location"].rsplit("/", 1)[1])


def run_of(harbor: Harbor, number: int, path: str = "/system/gc") -> dict:
    return expect(harbor.get(f"{path}/{number}"), 200).json()


def status(harbor: Harbor, number: int) -> str:
    return run_of(harbor, number)["job_status"]


def reaches(harbor: Harbor, number: int, wanted: str, seconds: float = 30, path: str = "/system/gc") -> dict:
    """The run, once it stands so."""
    assert until(lambda: run_of(harbor, number, path)["job_status"] == wanted, seconds), run_of(harbor, number, path)
    return run_of(harbor, number, path)


def log(harbor: Harbor, number: int, path: str = "/system/gc") -> str:
    response: requests.Response = expect(harbor.get(f"{path}/{number}/log"), 200)
    assert response.headers["Content-Type"].startswith("text/plain")
    return response.text


def workers(harbor: Harbor) -> list[dict]:
    """Those that are at work."""
    return [one for one in expect(harbor.get("/jobservice/pools/all/workers"), 200).json() if one.get("job_id")]


def queue(harbor: Harbor, kind: str = KIND) -> dict:
    return next(one for one in expect(harbor.get("/jobservice/queues"), 200).json() if one["job_type"] == kind)


def act(harbor: Harbor, action: str, kind: str = KIND):
    return expect(harbor.put(f"/jobservice/queues/{kind}", {"action": action}), 200)
