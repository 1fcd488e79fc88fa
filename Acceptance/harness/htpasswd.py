"""htpasswd files as `htpasswd -B` writes them."""

from pathlib import Path

import pytest

from . import programs


def line(user: str, password: str, cost: int = 5) -> str:
    """`$2y$`, as Apache's htpasswd writes it; low cost, since it is not bcrypt that is tested."""
    bcrypt = pytest.importorskip("bcrypt", reason=programs.MISSING + "bcrypt (PyPI)")
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()
    return f"{user}:{hashed.replace('$2b$', '$2y$', 1)}\n"


def write(path: Path, cost: int = 5, **users: str) -> Path:
    path.write_text("".join(line(user, password, cost) for user, password in users.items()))
    return path
