"""Look at what shows the notebooks: whether widgets fit, and whether Drive is there.

In: this process, its ancestors and the search path. Out: findings. Widgets have two halves, which
must be of one generation: ipywidgets beside the kernel, and an extension of JupyterLab, in the
environment that JupyterLab was started from. The edge rule: what serves this kernel is judged;
what a terminal would start is only advised about.
"""

import json
import os
import shutil
import site
import sys
import sysconfig
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from zapsim.ready.environment import is_colab
from zapsim.ready.finding import FINE, NOTE, WRONG, Finding, install

__all__ = ["drive", "widgets"]

_MANAGER = "share/jupyter/labextensions/@jupyter-widgets/jupyterlab-manager/package.json"
# By the extension's version: the generation of ipywidgets, and what installs the extension.
_GENERATIONS = {"3": "7", "5": "8"}
_EXTENSIONS = {"7": "jupyterlab_widgets>=1.1,<2", "8": "jupyterlab_widgets>=3,<4"}
_DRIVE = Path("/content/drive/MyDrive")


def drive():
    """Look whether Drive is mounted."""
    if _DRIVE.is_dir():
        return Finding(FINE, f"mounted at {_DRIVE}")
    return Finding(
        NOTE,
        "not mounted: everything runs on MiniZap, and what you make is lost with this machine. "
        "Run the notebook's first cell, and allow it",
    )


def widgets():
    """Compare the generations of both halves of the widgets."""
    here = version("ipywidgets")
    ours = here.partition(".")[0]
    if is_colab():
        return _in_colab(here, ours)
    server = _server()
    if server is None and (
        "VSCODE_PID" in os.environ or os.environ.get("TERM_PROGRAM") == "vscode"
    ):
        return Finding(FINE, f"ipywidgets {here}; VS Code brings the other half, for 7 and 8")
    own = shutil.which("jupyter-lab", path=_scripts())
    first = shutil.which("jupyter-lab")
    place = server or _environment_of(own or first)
    if place is None:
        return Finding(
            NOTE,
            f"ipywidgets {here}, and no JupyterLab: install it ({install('zapsim[lab]')}), "
            "or open the notebooks in VS Code",
        )
    theirs = _generation(place)
    bad = WRONG if server else NOTE
    if theirs is None:
        return Finding(
            bad,
            f"JupyterLab in {place} cannot show widgets. Start the one beside this Python, or run, "
            f'with the Python in {place}: -m pip install "{_EXTENSIONS.get(ours, "ipywidgets")}". '
            "Then start JupyterLab again",
        )
    if theirs != ours:
        return Finding(
            bad,
            f"they do not fit: ipywidgets {here} here, and JupyterLab in {place} shows those of "
            f"{theirs}. Start the JupyterLab beside this Python, or run {_fitting(theirs)}, and "
            "start the kernel again",
        )
    if server is None and first and _environment_of(first) != place:
        return Finding(
            NOTE,
            f"they fit, but a terminal that is told jupyter lab starts another one, {first}: "
            f"activate the environment {sys.prefix} first, or write {own}",
        )
    if server is None and own is None:
        return Finding(
            NOTE,
            f"they fit, but JupyterLab is in another environment, {place}: to run notebooks with "
            f"this Python there, {install('ipykernel')}, choose it as a kernel",
        )
    return Finding(FINE, f"ipywidgets {here} and JupyterLab in {place} fit")


def _in_colab(here, ours):
    if ours == "7":
        return Finding(FINE, f"ipywidgets {here}, as Colab shows them")
    return Finding(
        WRONG,
        f"ipywidgets {here} was installed, and Colab shows those of 7: choose 'Disconnect and "
        "delete runtime' in the menu 'Runtime', and begin again without installing them",
    )


def _server():
    """Return the environment of the server that started this kernel (Path); None without one."""
    import psutil

    for process in psutil.Process().parents():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()[:3]
            if any(Path(word).stem.startswith(("jupyter", "voila")) for word in words):
                # A script of the environment, or its Python with -m.
                for word in (*words[1:], *words[:1]):
                    if Path(word).name != word:
                        return _environment_of(Path(process.cwd(), word))
    return None


def _scripts():
    """Return where pip puts this Python's programs, as a search path (str)."""
    folders = [sysconfig.get_path("scripts")]
    # Where the system's own folder is not for everyone, as in many containers.
    if site.ENABLE_USER_SITE:
        folders.append(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
    return os.pathsep.join(folders)


def _environment_of(script):
    """Return the folder in whose bin, or Scripts, a program lies (Path); None for None."""
    if script is None:
        return None
    # The folder of scripts may be a link, and so may a script; a Python in an environment is one,
    # too, but leads out of it.
    path = Path(script)
    return (path if path.stem.startswith("python") else path.resolve()).parent.parent.resolve()


def _generation(place):
    try:
        with open(place / _MANAGER, encoding="utf-8") as file:
            number = str(json.load(file)["version"]).partition(".")[0]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _GENERATIONS.get(number, number)


def _fitting(theirs):
    return install(f"ipywidgets>={theirs},<{int(theirs) + 1}" if theirs.isdigit() else "ipywidgets")
