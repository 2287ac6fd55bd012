"""Let a script read what may be damaged, or made to do harm, in a process of its own.

In: a script of zapsim's, its arguments, bytes. Out: a file of what it printed. The edge rule: what
ends that process, or keeps it for ever, is a ValueError here. On Linux it takes no more memory than
the script says.
"""

import os
import re
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

__all__ = ["limit_memory", "read_apart"]

# The folder that holds the zapsim which is running, wherever that was found.
_HOME = str(Path(__file__).absolute().parents[2])


@contextmanager
def read_apart(script, arguments, data, seconds, who):
    """Run a script on bytes, and give a file of what it printed, in UTF-8, to a ``with`` block.

    `who` reads in it, for messages such as "SciPy's process". What it says itself, by ``sys.exit``
    with a text, is a ValueError of that text.
    """
    _check_python(who)
    with TemporaryFile() as printed:
        try:
            child = subprocess.run(
                [sys.executable, "-P", script, *arguments],
                input=data,
                stdout=printed,
                stderr=subprocess.PIPE,
                timeout=seconds,
                env=_environment(),
                # No window on Windows.
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"it took {who} more than {seconds:.1f} s to read") from None
        except (OSError, ValueError) as error:
            raise ValueError(f"{who}'s process gave no answer ({error})") from error
        said = child.stderr.decode(errors="replace").splitlines()
        if child.returncode == 1 and said:
            # Its scripts import this file, and do without pandas.
            from zapsim.checks import told

            raise ValueError(told(said[-1]))
        if child.returncode:
            raise ValueError(f"it is damaged: {who}'s process ended with {child.returncode}")
        printed.seek(0)
        yield printed


def _check_python(who):
    # A program that carries its Python inside would only start itself again, and again.
    name = Path(sys.executable or "").name
    if getattr(sys, "frozen", False) or not re.search("python|pypy", name, re.IGNORECASE):
        raise ValueError(
            f"{who} reads it in a process of Python's own, and this program has none: it runs as "
            f"{name or 'a program without a name'!r}. Read it with an installed Python"
        )


def _environment():
    # The same modules as here, but none of the folder that it starts in.
    places = [place for place in sys.path if os.path.isabs(place)]
    path = os.pathsep.join(places if _HOME in places else [_HOME, *places])
    # Its threads' room would count as memory.
    return os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}


def limit_memory(n_bytes):
    """Let this process take no more bytes, where the system can limit them."""
    # Windows has no limits, macOS takes none, and a lower one may be set.
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
