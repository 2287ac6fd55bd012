"""Try an area's cases in a process of its own, and count what became of them.

In: the name of an area. Out: a `Tally`. The edge rule: a case that crashes or hangs costs only its
own process; the next one starts behind it.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import hypothesis

ROOT = Path(__file__).resolve().parent.parent.parent
AREAS = ("pictures", "archives", "stores", "metadata", "mat", "names", "keys", "faults")
# What takes longer is a hang, even if it ends; after so long, it is ended.
SLOW, ENDED = 5, 60
# Where random inputs are kept until others take their place.
FUZZED, _LOG = ROOT / "build" / "hostile", "tried.txt"


class Finding(Exception):
    """What should not have happened; its text says what."""


class Refused(Finding):
    """A good input was refused."""


class Unnamed(Finding):
    """A bad input was taken for good, or left out without being named."""


class Fired(Finding):
    """What was data ran, or became markup, a formula or mathematics."""


class Lost(Finding):
    """Work that was done before is gone, half, or another."""


@dataclass(frozen=True)
class Case:
    """One input and what is right for it.

    `check()` returns nothing when all is well and raises a `Finding` when not; any other exception
    is a raw error that a user would see. `injections` and `kills` say how many it tries. What is
    slow by its nature may take `seconds`.
    """

    name: str
    check: Callable[[], None]
    injections: int = 0
    kills: int = 0
    seconds: float = SLOW


@dataclass
class Tally:
    """What became of an area's cases."""

    area: str
    inputs: int = 0
    injections: int = 0
    kills: int = 0
    peak: float = 0.0
    findings: list = field(default_factory=list)

    def row(self):
        """Return the line of the table, a dict."""
        kinds = [kind for kind, _, _ in self.findings]
        return {
            "area": self.area,
            "inputs": self.inputs,
            "crashes": kinds.count("crash"),
            f"hangs over {SLOW} s": kinds.count("hang"),
            "good ones refused": kinds.count("Refused"),
            "bad ones unnamed": kinds.count("Unnamed"),
            "raw errors": kinds.count("raw error"),
            "injections": self.injections,
            "fired": kinds.count("Fired"),
            "kills": self.kills,
            "lost": kinds.count("Lost"),
            "peak MB": round(self.peak),
        }


def attack(area, share=1.0, patience=1.0):
    """Try every 1/share-th case of an area, and return the `Tally`.

    On a busy machine, a case may take `patience` times as long before it counts as a hang.
    """
    tally, first = Tally(area), 0
    while first is not None:
        first = _try_from(tally, f"tests.hostile.{area}", share, first, patience)
    return tally


def _try_from(tally, module, share, first, patience):
    """Try cases from number `first` on; return where to go on, None at the end."""
    with tempfile.TemporaryDirectory(prefix="hostile", ignore_cleanup_errors=True) as folder:
        # Not with -m: this module would be there twice, with two kinds of each finding.
        arguments = module, share, first, folder, patience
        code = f"from {__name__} import try_cases; try_cases(*{arguments!r})"
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        lines = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        number, name, limit = first - 1, "loading the area", 10 * ENDED
        try:
            while True:
                line = lines.get(timeout=limit)
                if line is None:
                    raise EOFError
                said = json.loads(line)
                if "end" in said:
                    return None
                if "start" in said:
                    number, name = said["start"], said["name"]
                    limit = patience * max(ENDED, 4 * said["seconds"])
                    continue
                limit = ENDED
                tally.inputs += 1
                tally.injections += said["injections"]
                tally.kills += said["kills"]
                tally.peak = max(tally.peak, said["peak"])
                tally.findings += [(kind, name, why) for kind, why in said["findings"]]
        except EOFError:
            tally.findings.append(("crash", name, f"the process ended with {process.wait()}"))
        except queue.Empty:
            tally.findings.append(("hang", name, f"ended after {limit:.0f} s"))
        finally:
            process.kill()
            process.wait()
    tally.inputs += 1
    return None if number < first else number + 1


def _read(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)


def try_cases(module, share, first, folder, patience):
    """Try cases from number `first` on, in this process, and answer in lines of JSON."""
    # What a case prints is not an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from benchmarks.measure import peak_megabytes

    def say(**what):
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    cases = import_module(module).cases(Path(folder))
    cases = cases[:: max(1, round(1 / share))]
    for number, case in enumerate(cases[first:], first):
        say(start=number, name=case.name, seconds=case.seconds)
        start, findings = time.perf_counter(), []
        try:
            case.check()
        except Finding as finding:
            findings.append((type(finding).__name__, str(finding)))
        except Exception as error:
            findings.append(("raw error", f"{type(error).__name__}: {error}"[:500]))
        seconds = time.perf_counter() - start
        if seconds > case.seconds * patience:
            findings.append(("hang", f"{seconds:.1f} s"))
        say(
            findings=findings,
            injections=case.injections,
            kills=case.kills,
            peak=peak_megabytes(),
        )
    say(end=True)


def fuzz(area, minutes, seed=None):
    """Run an area's ``fuzz()`` again and again, each time with other random inputs.

    Returns how many times it ran, in a process of its own. Raises `Finding` if one failed or ended
    the process: it says which seed makes the same inputs again, and where the last one is kept.
    With a `seed`, runs once, with that one.
    """
    folder = FUZZED / area
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    arguments = area, minutes, seed
    code = f"from {__name__} import fuzz_here; fuzz_here(*{arguments!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    seeds = process.stdout.read().split()
    if process.wait():
        raise Finding(
            f"run {len(seeds)} of {area} ended with {process.returncode}. What it tried is in "
            f"{folder}, last in {_LOG}. Again: python -m benchmarks.hostile --fuzz {area} --seed "
            f"{seeds[-1] if seeds else seed}"
        )
    return len(seeds)


def fuzz_here(area, minutes, seed):
    """Run an area's ``fuzz()`` in this process; the standard output says the seeds.

    What else is printed, such as each input before it is tried, is kept in a file.
    """
    answers = os.dup(1)
    os.dup2(os.open(FUZZED / area / _LOG, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o644), 1)
    # What waits to be written is lost when the process ends.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    hypothesis.settings.register_profile("kept", verbosity=hypothesis.Verbosity.verbose)
    hypothesis.settings.load_profile("kept")
    # hypothesis keeps what failed, and tries it first.
    test, end = import_module(f"tests.hostile.{area}").fuzz, time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        os.ftruncate(1, 0)
        number = time.time_ns() if seed is None else seed
        os.write(answers, b"%d\n" % number)
        hypothesis.seed(number)(test)()
        if seed is not None:
            break


def keep(area, name, data):
    """Keep an input (bytes) that a ``fuzz()`` is about to try, in place of the one before."""
    (FUZZED / area).mkdir(parents=True, exist_ok=True)
    (FUZZED / area / name).write_bytes(data)
