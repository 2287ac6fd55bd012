"""Look for files that Python would take for one of its own, or for a package.

In: the current folder, and the script's. Out: what to say about each. The edge rule: nothing is
imported that such a file could stand for, so that none of them runs.
"""

import os
import sys

# Nothing can stand for it: importlib is there before zapsim, and this part is frozen into Python.
from importlib.machinery import all_suffixes

__all__ = ["hidden"]

# What zapsim imports, or what that imports, and people give their files such names.
_PACKAGES = {
    "IPython",
    "PIL",
    "ai_edge_litert",
    "cycler",
    "dateutil",
    "ipykernel",
    "ipywidgets",
    "joblib",
    "jupyterlab",
    "keras",
    "matplotlib",
    "numpy",
    "packaging",
    "pandas",
    "psutil",
    "pyarrow",
    "requests",
    "scipy",
    "six",
    "sklearn",
    "tensorflow",
    "threadpoolctl",
    "tqdm",
    "traitlets",
    "voila",
}


def hidden():
    """Return a sentence for each file that hides another one of the same name (list of str).

    What stands behind Python's own folder in `sys.path`, as a notebook's does, hides packages only.
    """
    own = os.path.dirname(os.__file__)
    names = _PACKAGES | (sys.stdlib_module_names - {*sys.builtin_module_names})
    said = []
    for place in dict.fromkeys(map(os.path.abspath, sys.path)):
        if place == own:
            names = _PACKAGES
        elif place in (os.getcwd(), os.path.abspath(sys.path[0])):
            said += [
                f"{path} hides {name}, which Python or zapsim needs: rename it, and start again"
                for name, path in _named(place)
                if name in names
            ]
    return said


def _named(folder):
    """Yield the name by which each file or package in a folder is imported, and its path."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return
    # A folder of packages is what is hidden, not what hides.
    if os.path.basename(folder) in ("site-packages", "dist-packages"):
        return
    for entry in entries:
        path = os.path.join(folder, entry)
        stem, dot, suffix = entry.partition(".")
        # Compiled files, too: .pyc, and those of C.
        if dot + suffix in all_suffixes() or _is_package(path):
            yield stem, path


def _is_package(folder):
    return any(os.path.isfile(os.path.join(folder, f"__init__{end}")) for end in all_suffixes())
