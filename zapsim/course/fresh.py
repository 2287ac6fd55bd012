"""Give a fresh copy of a notebook, for whoever got lost in theirs.

In: a notebook's number. Out: a new file beside the old one. What comes with zapsim is copied, not
what lies in the folder, which may have been changed; it has no outputs yet. The edge rule: no file
is overwritten, and progress is kept.
"""

from errno import ENOTDIR
from itertools import count
from os.path import lexists
from pathlib import Path
from stat import S_ISDIR

from zapsim.checks import checked_path
from zapsim.io.disk import explained, whole

__all__ = ["NOTEBOOKS", "reset"]

NOTEBOOKS = Path(__file__).resolve().parent / "notebooks"
# Where a notebook may lie: in the kernel's folder, or, in VS Code and Colab, elsewhere.
_PLACES = (".", "notebooks", "/content/drive/MyDrive/zapsim/notebooks")


def reset(number, to=None):
    """Put a fresh copy of a notebook beside yours, such as "04_measure_similarity (fresh).ipynb".

    Yours stays as it is, and so does your progress. A printed line says where the copy is. It has
    no outputs: run it from the top, every notebook starts on its own.

    Parameters
    ----------
    number : str or int
        The notebook's, such as "04".
    to : path, optional
        A folder for the copy. By default that in which yours is found, or else the current one.

    Raises
    ------
    KeyError
        If there is no such notebook.
    TypeError
        If `to` is no path; ValueError if no system can open it.
    TransferError
        If it is no folder, or cannot be written to.
    """
    ours = {path.stem[:2]: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    if str(number).zfill(2) not in ours:
        raise KeyError(f"No notebook {number!r}. There are: {', '.join(ours)}.")
    original = ours[str(number).zfill(2)]
    beside = (Path(place) for place in _PLACES if Path(place, original.name).exists())
    folder = next(beside, Path()) if to is None else checked_path(to, "to")
    copy = _written(original, folder)
    print(
        f"A fresh copy: {copy}\nOpen it beside yours, which stays as it is, and so does progress."
    )


def _written(original, folder):
    """Copy a notebook into a folder under a name that is free; return its path."""
    with explained(f"write {folder}"):
        # It is not made: its name may be mistyped.
        if not S_ISDIR(folder.stat().st_mode):
            raise NotADirectoryError(ENOTDIR, "It is no folder", str(folder))
        for number in count(1):
            mark = "fresh" if number == 1 else f"fresh {number}"
            path = folder / f"{original.stem} ({mark}).ipynb"
            try:
                with whole(path) as temporary:
                    temporary.write_bytes(original.read_bytes())
                    # Takes the name, if it is free.
                    open(path, "xb").close()
            except FileExistsError:
                if not lexists(path):
                    raise
                continue
            return path
