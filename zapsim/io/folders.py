"""List a folder's files, and read one.

In: a folder. Out: names, and bytes. The edge rule: each real folder comes once, and what cannot be
listed is told.
"""

from os import walk
from os.path import realpath
from pathlib import Path
from stat import S_ISREG

from zapsim.io.archives import check_size
from zapsim.io.names import HIDDEN, litter_in
from zapsim.io.pictures import PictureError

__all__ = ["read_file", "walk_folder"]


def walk_folder(root, unlisted, litter=None):
    """Yield every folder below one and its files' names, real ones before linked ones.

    Links may lead in circles, or to a folder that has been walked already, so each real folder
    comes once. What could not be listed is added to `unlisted` (dict), with the reason, and to
    `litter` (Counter), what systems and devices added.
    """
    seen, waiting = set(), [root]
    while waiting:
        top = waiting.pop(0)
        for name, subfolders, files in walk(
            top, onerror=lambda error: unlisted.update({error.filename: str(error)})
        ):
            folder = Path(name)
            if (real := realpath(folder)) in seen:
                subfolders.clear()
                continue
            seen.add(real)
            left = {n: part for n in subfolders if (part := litter_in(n))}
            if litter is not None:
                # A hidden folder is the user's own business.
                litter.update(part for part in left.values() if part != HIDDEN)
            subfolders[:] = sorted(set(subfolders) - left.keys())
            waiting += [folder / n for n in subfolders if (folder / n).is_symlink()]
            yield folder, files


def read_file(path, name, limit):
    """Return a file's bytes; `PictureError` if it is no file, or larger than `limit` bytes."""
    state = path.stat()
    # Reading a pipe would never end.
    if not S_ISREG(state.st_mode):
        raise PictureError(f"{name}: not a regular file.")
    check_size(name, state.st_size, limit)
    return path.read_bytes()
