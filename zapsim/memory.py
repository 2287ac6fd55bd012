"""Ask whether there is memory for a thing before it is made, and say what to do if not."""

import psutil

__all__ = ["check_memory"]


def check_memory(n_bytes, what, instead):
    """Raise MemoryError, unless there is room for so many bytes and a quarter more.

    Parameters
    ----------
    n_bytes : int
    what : str
        What needs them, with its shape; begins the message.
    instead : str
        What to do where there is no room; ends it.
    """
    free = psutil.virtual_memory().available
    if n_bytes > 0.8 * free:
        raise MemoryError(
            f"{what} is {n_bytes / 1e9:.1f} GB; {free / 1e9:.1f} GB of memory are free. {instead}"
        )
