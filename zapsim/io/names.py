"""Tell apart what systems and devices put among the pictures.

In: relative names as a folder or an archive has them. Out: what kind of litter they are, if any.
The edge rule: what is not known as litter is the user's.
"""

import re

__all__ = ["HIDDEN", "MAX_NAME", "check_names", "litter_in", "slashed"]

# What `litter_in` calls hidden names.
HIDDEN = ".…"
# Letters of a key; macOS opens no longer path.
MAX_NAME = 1_024
# Bytes that all names take: a million of 100 letters. They are copied a few times.
_MOST = 150_000_000
# What NAS, recycle bins, cameras and systems add, in lower case.
_BACKSLASH = re.compile(r"(?<![\udc81-\udcff])\\")
_LITTER = {
    "__macosx",
    "@eadir",
    "@recycle",
    "@recently-snapshot",
    "@tmp",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "recycler",
    "system volume information",
    "lost+found",
    ".thumbnails",
    ".thumbs",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "icon\r",
}


def slashed(name):
    """Return a name with slashes only: some archivers on Windows write backslashes.

    Behind a byte that is no Unicode, it may be the second one of a letter.
    """
    return _BACKSLASH.sub("/", name)


def check_names(path, n_bytes):
    """Raise ValueError if the names of the files in a folder or an archive take too much memory."""
    if n_bytes > _MOST:
        raise ValueError(
            f"The names of the files in {path} take more than {_MOST:,} bytes of memory, as a "
            "million names of 100 letters do. Give the pictures shorter names, or open a part of "
            "them."
        )


def litter_in(path):
    """Return by what part a path is no file of the user's, e.g. ``"@eaDir"``; None if it is one.

    That is what systems and devices add, macOS' ``"._…"`` among it, and what is hidden.
    """
    # A name may have thousands of folders, and most are no litter.
    if "/." not in f"/{path}" and _LITTER.isdisjoint(path.lower().split("/")):
        return None
    for part in path.split("/"):
        if part.lower() in _LITTER:
            return part
        if part.startswith(".") and part.strip("."):
            return "._…" if part.startswith("._") else HIDDEN
    return None
