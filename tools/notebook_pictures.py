"""Stored pictures: small, and said in words.

A source cell's metadata ``alt`` says what its picture shows. JupyterLab reads no alternative text
from a notebook, and whoever runs a cell anew loses the outputs' metadata. So the words also follow
the picture as text, folded; the built pages and Colab find them in the metadata.
"""

import base64
import html
import io

import nbformat
from PIL import Image

PNG, JPEG = "image/png", "image/jpeg"
# Up to so many colours, a palette of 256 looks the same; shaded pictures show bands.
_COLOURS_OF_A_CHART = 2_000
_QUALITY = 80


def in_words(alt):
    """Return the cell that says a picture in words, folded."""
    text = (
        f"<details><summary>The picture in words</summary>{html.escape(alt, quote=False)}</details>"
    )
    cell = nbformat.v4.new_markdown_cell(text)
    cell.metadata["tags"] = ["alt"]
    return cell


def describe(cell):
    """Write a cell's alternative text to where readers look for it."""
    if "alt" not in cell.metadata:
        return
    # MyST-NB's own place.
    cell.metadata["mystnb"] = {"image": {"alt": cell.metadata["alt"]}}
    for output in pictures(cell):
        for mime in {PNG, JPEG} & set(output.data):
            output.metadata.setdefault(mime, {})["alt"] = cell.metadata["alt"]


def pictures(cell):
    """Return a cell's outputs that are pictures."""
    return [o for o in cell.get("outputs", []) if {PNG, JPEG} & set(o.get("data", {}))]


def shrink(output):
    """Store a picture as a PNG of 256 colours, or as a JPEG if it is shaded.

    Nothing compares pictures, so a stored one need not be the very one that a cell draws.
    """
    data = output.get("data", {})
    if PNG not in data:
        return
    image = Image.open(io.BytesIO(base64.b64decode(data[PNG])))
    if image.mode == "P":
        return
    white = Image.new("RGBA", image.size, "white")
    flat = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if flat.getcolors(_COLOURS_OF_A_CHART):
        mime, options = PNG, {"optimize": True}
        flat = flat.quantize(256, dither=Image.Dither.NONE)
    else:
        # No colour is stored more coarsely than its brightness: thin lines would fray.
        mime, options = JPEG, {"quality": _QUALITY, "optimize": True, "subsampling": 0}
    buffer = io.BytesIO()
    flat.save(buffer, mime.partition("/")[2], **options)
    small = base64.b64encode(buffer.getvalue()).decode() + "\n"
    if len(small) < len(data[PNG]):
        del data[PNG]
        data[mime] = small
        if PNG in output.metadata:
            output.metadata[mime] = output.metadata.pop(PNG)
