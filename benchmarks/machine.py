"""Notes about the machine and the checkout, without which a figure means nothing."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from benchmarks.environment import EnvironmentFailed, newest_interpreter, run


def notes() -> dict[str, object]:
    """Return the CPU, kernel, memory, load, interpreter, tools and commit of this run."""
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(memory[1]) // 1024 if memory else None,
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "interpreter": newest_interpreter().version,
        "wrk": _first_line(["sh", "-c", "wrk -v 2>&1 || true"]),
        "rustc": _first_line(["rustc", "--version"]),
        "commit": _first_line(["git", "rev-parse", "HEAD"]),
        "uncommitted_changes": _first_line(["git", "status", "--porcelain"]) != "",
    }


def _cpu_model() -> str:
    text = Path("/proc/cpuinfo").read_text()
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.+)$", text, re.MULTILINE))
    name = fields.get("model name", platform.processor())
    return f"{name}, family {fields.get('cpu family')}, model {fields.get('model')}"


def _first_line(command: list[str]) -> str:
    try:
        return run(command, seconds=20).partition("\n")[0]
    except EnvironmentFailed:  # no git, no commit yet, no Rust: said as it is
        return "unknown"
