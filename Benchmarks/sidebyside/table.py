"""The table, and the same as JSON."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

from .rows import COVE, PEER, Row

BUSY = 0.9


def table(rows: list[Row], others: list[str]) -> str:
    """One line a row: medians, the ratio to registry:2, the target."""
    head = ["", "unit", COVE, PEER, "ratio"]
    for other in others:
        head += [other, "ratio"]
    head += ["target", "", "server CPU each", "client"]
    lines = [head]
    for row in rows:
        if not row.samples and not row.errors:
            continue
        line = [row.title, row.unit, _cell(row, COVE), _cell(row, PEER), _ratio(row.ratio())]
        for other in others:
            line += [_cell(row, other), _ratio(row.ratio(other))]
        met = row.target.met(row.value(COVE), row.ratio()) if row.target else None
        line += [row.target.text(row.unit) if row.target else "", {True: "met", False: "MISSED", None: ""}[met]]
        line += [_processor(row), _client(row)]
        lines.append(line)
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = []
    for number, line in enumerate(lines):
        cells = [cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in
                 enumerate(zip(line, widths, strict=True))]  # fmt: skip
        text.append("  ".join(cells).rstrip())
        if number == 0:
            text.append("  ".join("-" * width for width in widths))
    return "\n".join(text)


def errors(rows: list[Row]) -> list[str]:
    return [f"{row.name}, {player}: {text}" for row in rows for player, text in row.errors.items()]


def document(rows: list[Row], binaries: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"cores": os.cpu_count(), "processor": _processor_name(), "kernel": platform.release()},
        "binaries": binaries,
        "options": options,
        "rows": [
            {
                "name": row.name,
                "title": row.title,
                "unit": row.unit,
                "values": {player: row.value(player) for player in row.samples},
                "samples": row.samples,
                "details": row.details,
                "errors": row.errors,
                "ratio": row.ratio(),
                "target": row.target.text(row.unit) if row.target else None,
                "met": row.target.met(row.value(COVE), row.ratio()) if row.target else None,
            }
            for row in rows
            if row.samples or row.errors
        ],
    }


def _cell(row: Row, player: str) -> str:
    if player in row.errors:
        return "error"
    value = row.value(player)
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return f"{ratio:.1f}×" if ratio >= 10 else f"{ratio:.2f}×"


def _processor(row: Row) -> str:
    """Processor time of Cove, of registry:2, for one request."""
    both = [row.detail(player, "server_cpu_ms_each") for player in (COVE, PEER)]
    if both == [None, None]:
        return ""
    unit, factor = ("ms", 1) if max(value or 0 for value in both) >= 10 else ("µs", 1000)
    return " / ".join("-" if value is None else f"{value * factor:,.0f}" for value in both) + f" {unit}"


def _client(row: Row) -> str:
    """How busy the client was while Cove was measured; with a `!` where it may have been the limit."""
    busy = row.detail(COVE, "client_busy")
    return "" if busy is None else f"{busy:.0%}" + ("!" if busy > BUSY else "")


def _processor_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
