"""Tell apart what systems and devices put among the pictures.

In: relative names as a folder or an archive has them. Out: what kind of litter they are, if any.
The edge rule: what is not known as litter is the user's.
"""

import re

__all__ = ["HIDDEN", "MAX_NAME", "litter_in", "slashed"]

# What `litter_in` calls hidden names.
HIDDEN = ".…"
# Letters of a key; no system opens a longer path.
MAX_NAME = 4_096
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
