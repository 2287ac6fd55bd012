"""Import what the extra ``scale`` installs, or say how to get it."""

from importlib import import_module

__all__ = ["require"]


def require(name):
    """Return a module of the extra; ImportError with what to do if it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ImportError(
            f"{package} is missing ({error}). Install what runs on many machines: "
            "pip install 'zapsim[scale]'"
        ) from error
