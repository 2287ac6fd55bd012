"""Look at Python and the packages: what zapsim needs, and what its extras are for.

In: nothing. Out: findings. Versions are read from what was installed, and nothing is imported. The
edge rule: where zapsim was copied, not installed, nothing says which versions it needs, and a
finding says so.
"""

import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from zapsim.ready.finding import FINE, NOTE, WRONG, Finding, install

__all__ = ["extras", "is_colab", "packages", "python", "too_old"]

_OLDEST, _NEWEST, _KERAS = (3, 11), (3, 14), (3, 13)
_EXTRAS = {
    "keras": "notebooks 02, 03, 08 and 12, and all cuts but the default",
    "lab": "JupyterLab, and the browser as a web page",
    "scale": "a part of notebook 11",
}


def is_colab():
    """Tell whether this is a kernel of Google Colab (bool)."""
    return "google.colab" in sys.modules


def too_old():
    """Tell whether this Python cannot even be asked for the rest (bool)."""
    return sys.version_info[:2] < _OLDEST


def python():
    """Look at Python's version, and at the word size that packages are built for."""
    here = f"{platform.python_version()} ({sys.executable})"
    if too_old():
        return Finding(
            WRONG,
            f"{here} is too old: install Python 3.12 from python.org, and make a new environment "
            "with it (Windows: py -3.12 -m venv .venv; else: python3.12 -m venv .venv)",
        )
    if sys.maxsize < 2**32:
        return Finding(WRONG, f"{here} is for 32 bits: install Python 3.12 for 64 bits")
    if sys.version_info[:2] > _NEWEST:
        return Finding(NOTE, f"{here} is newer than what zapsim was tried with, 3.11 to 3.14")
    return Finding(FINE, here)


def packages():
    """Compare what is installed with the ranges that zapsim asks for."""
    wanted = _wanted()
    if wanted is None:
        if is_colab():
            return Finding(FINE, "Colab's own; zapsim was copied, and moves none of them")
        return Finding(
            NOTE,
            f"not compared: zapsim is not installed in {sys.prefix}. If something is wrong below, "
            "activate the environment it is in, or install it (README, 'Two commands')",
        )
    lacking, newer = [], []
    for each in wanted:
        there = _installed(each.name)
        if there is None and each.name == "ai-edge-litert" and _installed("tensorflow"):
            continue
        if there is None or not _is_new_enough(there, each):
            lacking.append((each, "is missing" if there is None else f"{there} is too old"))
        elif not each.specifier.contains(there, prereleases=True):
            newer.append(f"{each.name} {there} (tried: {each.specifier})")
    if lacking:
        said = ", ".join(f"{each.name} {trouble}" for each, trouble in lacking)
        line = install(*(f"{each.name}{each.specifier}" for each, _ in lacking))
        return Finding(WRONG, f"{said}. Run: {line}")
    if newer:
        return Finding(NOTE, f"newer than tried: {', '.join(newer)}. If something fails, go back")
    return Finding(FINE, f"all {len(wanted)} that zapsim needs, in versions that fit")


def extras():
    """Say which extras are missing, and what they are for."""
    said, lacking = [], []
    for extra, purpose in _EXTRAS.items():
        wanted = _wanted(extra)
        if wanted is None:
            return Finding(FINE, "not compared, for zapsim was copied, not installed")
        if extra == "lab" and is_colab():
            continue
        missing = [each.name for each in wanted if _installed(each.name) is None]
        if missing:
            said.append(f"{' and '.join(missing)} ({purpose})")
            lacking.append(extra)
        elif not wanted and sys.version_info[:2] > _KERAS:
            said.append(
                f"TensorFlow, for it has no release for this Python ({purpose}: make an "
                "environment with Python 3.11, 3.12 or 3.13)"
            )
    if not said:
        return Finding(FINE, "Keras, JupyterLab, Ray and LanceDB are here, too")
    named = ",".join(lacking)
    line = f". To have more: {install(f'zapsim[{named}]')}" if lacking else ""
    return Finding(NOTE, f"without {'; '.join(said)}{line}")


def _wanted(extra=""):
    """Return what zapsim needs, or an extra adds to it (list of Requirement).

    None where zapsim was not installed.
    """
    try:
        lines = requires("zapsim") or []
    except PackageNotFoundError:
        return None
    from packaging.requirements import Requirement

    every = list(map(Requirement, lines))
    plain = [each for each in every if not each.marker or each.marker.evaluate({"extra": ""})]
    if not extra:
        return plain
    return [each for each in every if each not in plain and each.marker.evaluate({"extra": extra})]


def _installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _is_new_enough(there, wanted):
    from packaging.version import Version

    least = (each.version for each in wanted.specifier if each.operator == ">=")
    return all(Version(there) >= Version(each) for each in least)
