"""List a folder's files, and read one.

In: a folder. Out: names, and bytes. The edge rule: each real folder comes once, and what cannot be
listed, is no file, or leads out of the folder by a link, is told and not opened.
"""

import os
from os.path import realpath
from pathlib import Path
from stat import S_IFDIR, S_IFREG, S_ISDIR, S_ISREG

from zapsim.io.archives import check_size
from zapsim.io.disk import open_regular
from zapsim.io.names import HIDDEN, litter_in

__all__ = ["LEFT_OUT", "OUT", "leads_out", "read_file", "walk_folder"]

OUT = "links that lead out"
_ABOVE, _SPECIAL = "links to folders above", "pipes and devices"
# What a walk leaves out, and why.
LEFT_OUT = {
    OUT: "a link that leads out of the folder: load_catalogue(…, links=True) follows it",
    _ABOVE: "a link to a folder above, which holds all of this one and more",
    _SPECIAL: "a pipe, a device or the like, and no file",
}


def walk_folder(root, unlisted, left, litter=None, outside=lambda real: False):
    """Yield the name of every file below a folder, relative to it, and its place.

    The place is the same, or where the file is a link, the path that it leads to. Real folders come
    before linked ones. Links may lead in circles, or to a folder that has been walked already, so
    each real folder comes once. A link that leads out of the root is followed only where `outside`
    says so of its target (pathlib.Path). What could not be listed is added to `unlisted` (dict),
    with the reason, what was left out to `left` (dict), with its kind in `LEFT_OUT`, and to
    `litter` (Counter), what systems and devices added.
    """
    top = Path(realpath(root))
    seen, linked = set(), [("", top)]
    # It grows meanwhile.
    for start in linked:
        waiting = [start]
        while waiting:
            prefix, real = waiting.pop()
            if real in seen:
                continue
            seen.add(real)
            folder = Path(root, prefix)
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                unlisted[str(folder)] = str(error)
                continue
            folders = []
            for entry in listed:
                name, part = prefix + entry.name, litter_in(entry.name)
                target = Path(realpath(entry.path)) if _is_link(entry) else None
                mode = _mode(entry, target)
                if S_ISDIR(mode) and part is not None:
                    # A hidden folder is the user's own business.
                    if litter is not None and part != HIDDEN:
                        litter[part] += 1
                elif kind := _left_out(mode, target, top, outside):
                    if part is None:
                        left[name] = kind
                elif S_ISREG(mode):
                    yield name, str(target or name)
                elif target is None:
                    folders.append((f"{name}/", real / entry.name))
                else:
                    linked.append((f"{name}/", target))
            waiting += reversed(folders)


def _is_link(entry):
    # Python 3.11 takes Windows' junctions for folders.
    return entry.is_symlink() or getattr(entry, "is_junction", bool)()


def _mode(entry, target):
    """Return what kind of file an entry is, or leads to, as `os.stat` does."""
    try:
        if target is not None:
            return entry.stat().st_mode
        # The listing itself tells so, and nothing is asked of a slow disk.
        kinds = {S_IFREG: entry.is_file, S_IFDIR: entry.is_dir}
        return next((kind for kind, is_one in kinds.items() if is_one(follow_symlinks=False)), 0)
    except OSError:
        # Of a link to nowhere, say, reading says what is wrong.
        return S_IFREG


def _left_out(mode, target, top, outside):
    """Return the kind in `LEFT_OUT` of what is not listed; None of all else."""
    if not (S_ISREG(mode) or S_ISDIR(mode)):
        return _SPECIAL
    if target is None or target.is_relative_to(top):
        return None
    if S_ISDIR(mode) and top.is_relative_to(target):
        return _ABOVE
    return None if outside(target) else OUT


def leads_out(path, root):
    """Tell whether a path below a folder leads out of it by a link, its own or a folder's."""
    return not Path(realpath(path)).is_relative_to(realpath(root))


def _opened(file, path):
    """Return where an open file lies, whatever its folders have become since."""
    try:
        return os.readlink(f"/proc/self/fd/{file.fileno()}")
    except OSError:
        # Only Linux says so.
        return path


def read_file(path, name, limit, follow=True, within=None):
    """Return a file's bytes; OSError if it is no file, or unless `follow`, a link.

    So is one that by now lies outside of the folder `within`, where one is given. `PictureError` if
    it is larger than `limit` bytes.
    """
    with open_regular(path, follow) as file:
        if within is not None and leads_out(_opened(file, path), within):
            raise OSError("its folder is by now a link that leads out, and is not followed")
        size = os.fstat(file.fileno()).st_size
        check_size(name, size, limit)
        # One more, to see that it is not longer by now; files of the system claim to be empty.
        data = file.read(size + 1) or b""
    if len(data) != size:
        raise OSError(f"it has not the {size:,} bytes that it claims: is it being written?")
    return data
