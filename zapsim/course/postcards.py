"""Make a catalogue as people have them: not shoes, not on white, and nothing in order.

In: scikit-learn's two sample photographs, a temple and a flower, which ship with it. Out: a folder
of 80 details of them, as a shop might sell them as postcards, with what goes wrong in such folders:
numbers for names, copies of pictures, a damaged one, one in a format that is not read, and a list
saved by a German Excel. The edge rule: the same folder on every machine, but for the rounding of
the JPEG decoder.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from zapsim.io.disk import explained
from zapsim.judge.stability import CHANGES

__all__ = ["count_copies", "make_postcards"]

_SIDE, _TOP, _FIRST = 80, 13, 101
_COPIES_A_CHANGE = 3
# What each detail shows, row by row of the photograph.
_MOTIFS = {
    "china.jpg": ["sstsssss", "stttsssf", "ftttlllf", "lttttlff", "fftttfff"],
    "flower.jpg": ["gggggggg", "ggppppgg", "ggppppgg", "ggppppgg", "gggpppgg"],
}
_NAMES = {"s": "Sky", "t": "Temple", "f": "Trees", "l": "Lake", "p": "Petals", "g": "Leaves"}
_LIST = "list.csv"


def make_postcards(folder, seed=0):
    """Write the folder of postcards: pictures in ``images/``, and a list of them, ``list.csv``.

    Parameters
    ----------
    folder : path
        Made where it is missing; files of these names in it are written again.
    seed : int
        Draws which detail has which number, and which of them are copied.

    Returns
    -------
    pandas.DataFrame
        The copies, a row each: ``copy`` and ``original`` (their keys), and ``change``, what was
        done, one of `zapsim.judge.stability.CHANGES`.

    Raises
    ------
    TransferError
        If the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    details = [detail for file in _MOTIFS for detail in _cut(file)]
    numbers = _FIRST + rng.permutation(len(details))
    with explained(f"write {folder}"):
        images = Path(folder) / "images"
        images.mkdir(parents=True, exist_ok=True)
        rows = []
        for number, (picture, motif) in sorted(zip(numbers, details, strict=True), key=_number):
            _save(images / f"{number}.jpg", picture, 92)
            rows.append(f"{number};{motif};Müller & Söhne;{1 + number % 3},50")
        copies = _copy_some(images, dict(zip(numbers, details, strict=True)), rng)
        # Half a picture, a format that is not read, a row without a picture: every shop has some.
        whole = (images / f"{_FIRST}.jpg").read_bytes()
        (images / "299.jpg").write_bytes(whole[: len(whole) // 2])
        (images / "298.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
        rows.append("297;Temple;Müller & Söhne;2,50")
        lines = ["Number;Motif;Seller;Price", *rows, ""]
        (Path(folder) / _LIST).write_bytes("\r\n".join(lines).encode("cp1252"))
    return pd.DataFrame(copies, columns=["copy", "original", "change"])


def count_copies(duplicates, copies):
    """Compare what `zapsim.near_duplicates` found with the copies that were made.

    Returns a dict of int: ``found``, the copies that share a group with their original; ``of``, all
    copies; ``wrong``, groups without one.
    """
    groups = duplicates.set_index("key")["group"]
    both = copies[["copy", "original"]].apply(lambda keys: keys.map(groups))
    together = both.loc[both["copy"] == both["original"], "copy"]
    wrong = groups.nunique() - together.nunique()
    return {"found": len(together), "of": len(copies), "wrong": wrong}


def _number(pair):
    return pair[0]


def _cut(file):
    """Cut one of the photographs; return each detail (RGB array) and what it shows."""
    # It ships with scikit-learn.
    from sklearn.datasets import load_sample_image

    photograph = load_sample_image(file)[_TOP:]
    return [
        (photograph[row * _SIDE :, column * _SIDE :][:_SIDE, :_SIDE], _NAMES[letter])
        for row, letters in enumerate(_MOTIFS[file])
        for column, letter in enumerate(letters)
    ]


def _copy_some(images, details, rng):
    """Write changed copies of some details that show a thing; return (copy, original, change)."""
    shown = [number for number, (_, motif) in details.items() if motif in ("Temple", "Petals")]
    originals = rng.choice(shown, size=(len(CHANGES), _COPIES_A_CHANGE), replace=False)
    copies, next_number = [], _FIRST + len(details)
    for (change, make), numbers in zip(CHANGES.items(), originals, strict=True):
        for number in numbers:
            _save(images / f"{next_number}.jpg", make(details[number][0]), 90)
            copies.append((f"images/{next_number}.jpg", f"images/{number}.jpg", change))
            next_number += 1
    return copies


def _save(path, picture, quality):
    Image.fromarray(picture).save(path, quality=quality)
