"""Run all checks, and print a line for each.

In: nothing. Out: printed lines, and an exit code. The edge rule: whatever a check stumbles over
becomes a line.
"""

import argparse
import sys

from zapsim.ready import environment, front_end, machine
from zapsim.ready.finding import WRONG, Finding

__all__ = ["findings", "main", "preflight"]

# In this order, for what comes first explains what comes later.
_CHECKS = {
    "Python": environment.python,
    "packages": environment.packages,
    "extras": environment.extras,
    "memory": machine.memory,
    "disk": machine.disk,
    "weights": machine.weights,
    "LiteRT": machine.litert,
    "speed": machine.speed,
    "widgets": front_end.widgets,
}


def preflight():
    """Print a line for each part."""
    _say()


def main(arguments=None):
    """Do the same; return 1 if something that the course needs is missing or broken, else 0."""
    argparse.ArgumentParser(
        prog="python -m zapsim",
        description="Say whether this machine is ready for the course: Python, packages, memory, "
        "disk, weights, LiteRT, speed and widgets. A line each says what is fine, and what to do "
        "about what is not. It takes a few seconds, and changes nothing.",
        epilog="The exit code is 1 if a line is marked WRONG, and 0 otherwise. In a notebook, "
        "zapsim.preflight() prints the same.",
    ).parse_args(arguments)
    # A terminal of Windows has not every letter that may stand in a path.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    return int(_say())


def findings():
    """Yield the name of each part, and its `Finding`."""
    checks = dict(_CHECKS)
    if environment.too_old():
        checks = {"Python": environment.python}
    elif environment.is_colab():
        checks["Drive"] = front_end.drive
    for name, check in checks.items():
        yield name, _found(check)


def _found(check):
    try:
        return check()
    except ModuleNotFoundError as error:
        return Finding(
            WRONG,
            f"cannot be tried, for {error.name} is missing: install it, or activate the "
            "environment that has it",
        )
    # Whatever it is: to say so is what this is for.
    except Exception as error:
        # A damaged package says a page.
        reason = str(error).strip().partition("\n")[0]
        said = f"failed ({type(error).__name__}: {reason})"
        if "DLL load failed" in reason:
            said += ". Install Microsoft's Visual C++ Redistributable (x64), and try again"
        return Finding(WRONG, said)


def _say():
    """Print all; return whether something is wrong (bool)."""
    wrong = []
    for name, found in findings():
        print(f"{found.state:5}  {name:8}  {found.says}", flush=True)
        if found.state == WRONG:
            wrong.append(name)
    if wrong:
        print(f"Not ready: see {', '.join(wrong)}. What comes first may explain what comes later.")
    else:
        print("Ready.")
    return bool(wrong)
