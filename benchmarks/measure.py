"""Measure fairly: interleaved times, peak memory of a process of its own, tables and JSON.

In: functions of no arguments. Out: seconds, megabytes, and a table of dicts as markdown on the
screen and as JSON in ``build/benchmarks/``, which git ignores.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "benchmarks"
# What makes 8 bits fast, the fastest first.
FLAGS = ("amx_int8", "avx512_vnni", "avx_vnni", "avx2")


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleaved(functions, repeats):
    """Time functions in turns, so that what else the machine does falls on all of them.

    Parameters
    ----------
    functions : dict of str to callable
        Already warmed up, where the first call is not to count.
    repeats : int

    Returns
    -------
    dict of str to list of float
        Seconds, a number for each repeat. Every turn starts one function later than the last.
    """
    names, times = list(functions), {name: [] for name in functions}
    for turn in range(repeats):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(seconds(functions[name]))
    return times


def spread(times):
    """Return median, fastest and slowest of some times."""
    return {"median": statistics.median(times), "min": min(times), "max": max(times)}


def alone(code):
    """Run Python code in a fresh process, from the project's root.

    Returns
    -------
    megabytes : float
        The operating system's peak of resident memory, of 10⁶ bytes each.
    said : str
        What it printed.
    """
    code += "\nfrom benchmarks.measure import peak_megabytes\nprint(peak_megabytes())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    *said, megabytes = done.stdout.splitlines()
    return float(megabytes), "\n".join(said)


def peak_megabytes():
    """Return this process's peak of resident memory so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss would start from the peak of the process that started this one.
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e6 / 1024
    )


def machine(*packages):
    """Describe where and with what was measured."""
    # Not above: a peer's Python, which need not have it, imports this module, too.
    import psutil

    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return {
        "measured": datetime.now(UTC).isoformat(timespec="minutes"),
        "cpu": _cpu("model name") or platform.processor() or platform.machine(),
        "cpu_flags": [flag for flag in FLAGS if flag in _cpu("flags").split()],
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        **versions,
    }


def _cpu(name):
    """Return one line of what Linux says of the processor; "" on other systems."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def table(rows):
    """Return a list of dicts, all with the same keys, as a markdown table."""
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    numeric = [all(isinstance(row[n], (int, float, type(None))) for row in rows) for n in names]
    rule = ["---:" if right else "---" for right in numeric]
    return "\n".join(f"| {' | '.join(line)} |" for line in [names, rule, *cells])


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def save(name, results):
    """Write results as JSON to ``build/benchmarks/NAME.json`` and say where."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nSaved in {path.relative_to(ROOT)}")
