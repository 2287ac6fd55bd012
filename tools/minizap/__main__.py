"""Draws MiniZap: `python -m tools.minizap` writes data/minizap.zip.

In: nothing but the code. Out: a zip with `Category/SubCategory/Brand/PID.COLOUR.jpg`,
`meta-data.csv` and `README.txt`, the same bytes at every run; and if wished a contact sheet.
"""

from __future__ import annotations

import argparse
import csv
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from .catalogue import COLUMNS, products
from .render import SIZE, render

README = """MiniZap
=======

A small stand-in for UT-Zappos50K, in the same folders and with the same kind of meta-data:
Category/SubCategory/Brand/PID.COLOUR.jpg (136 x 136), and meta-data.csv with a row per picture.

The shoes do not exist, nor do the brands: every picture was drawn by a program of the zapsim
project (tools/minizap), and the meta-data say what it drew. HeelHeight is the height of the heel
seat above the ground in the drawing's inches. No picture of UT-Zappos50K was used.

Free to share: CC0 1.0, https://creativecommons.org/publicdomain/zero/1.0/
"""


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def draw_all() -> tuple[dict[str, Image.Image], list[dict[str, str]]]:
    """All pictures by key, and their meta-data."""
    images, facts = {}, []
    for product in products():
        for picture in product.pictures:
            images[product.key(picture)] = render(product.sketch, picture.colours, picture.framing)
            facts.append(product.facts(picture))
    if len({row["CID"] for row in facts}) != len(images):
        raise ValueError("two pictures share a CID: change SEED")
    return images, facts


def table(facts: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(facts, key=lambda row: row["CID"]))
    return text.getvalue().encode()


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            # Set by zipfile to the system it runs on; fixed, so that the bytes are the same.
            entry.create_system = 3
            archive.writestr(entry, files[name])


def contact_sheet(images: list[Image.Image], columns: int = 12) -> Image.Image:
    cell = SIZE + 4
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * cell, rows * cell), "white")
    for k, image in enumerate(images):
        sheet.paste(image, (k % columns * cell + 2, k // columns * cell + 2))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.minizap", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("data/minizap.zip"))
    parser.add_argument("--sheet", type=Path, help="also write a contact sheet of 96 pictures")
    arguments = parser.parse_args()
    images, facts = draw_all()
    files = {key: jpeg(image) for key, image in images.items()}
    files["meta-data.csv"] = table(facts)
    files["README.txt"] = README.encode()
    write_zip(arguments.out, files)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")
    if arguments.sheet:
        chosen = np.random.default_rng(1).choice(sorted(images), 96, replace=False)
        contact_sheet([images[str(key)] for key in chosen]).save(arguments.sheet)


if __name__ == "__main__":
    main()
