"""Read cells of numbers and texts out of a MATLAB file, such as UT-Zappos50K's comparisons.

In: the bytes of a ``.mat`` file of MATLAB 5 to 7. Out: some of its variables, each a list of
cells. The edge rule: SciPy reads it in a process of its own, since one flipped bit can end that
process; whatever becomes of it is a ValueError. What it says that it holds may cost it no bytes, so
that is counted before objects are made of it. What is packed carries a checksum; where a number
that is not packed, such as a value or a size, became another one, nobody can tell.
"""

import json
import sys
import zlib
from struct import unpack_from

from zapsim.io.apart import limit_memory, read_apart

__all__ = ["read_cells"]

_HDF5, _MARKS = b"\x89HDF\r\n\x1a\n", (b"\0\1IM", b"\1\0MI")
# UT-Zappos50K has 50,025 cells, and fewer than 5 million numbers and letters. Unpacked they take 6
# MB, and SciPy 100 MB to read them. What is packed may grow a thousand times, and fivefold again.
_MOST_CELLS, _MOST_VALUES, _MOST_UNPACKED = 1_000_000, 10_000_000, 100_000_000
_MEMORY, _SECONDS = 1_000_000_000, 60
_PACKED, _AT_ONCE = 15, 1 << 16
# A byte that was printed takes up to 15 in the lists that it is read to.
_MOST_PRINTED = 20_000_000


def read_cells(data, names):
    """Return the cells of some variables of a MATLAB file.

    Parameters
    ----------
    data : bytes
    names : sequence of str
        Other variables are not looked into.

    Returns
    -------
    dict
        Of the variables that are there, name -> list of cells, column by column: each a str, or
        a list of rows (of numbers, or where a text has more lines).

    Raises
    ------
    ValueError
        If the file is damaged, of another version, or such a variable holds something else.
    """
    # HDF5, bare or behind MATLAB's own header.
    if _HDF5 in (data[:8], data[512:520]):
        raise ValueError("it is of MATLAB 7.3. Save it there with save(…, '-v7')")
    if data[124:128] not in _MARKS:
        raise ValueError(f"it begins with {data[:16]!r}, which none of MATLAB 5 to 7 does")
    with read_apart(__file__, names, data, _SECONDS, "SciPy") as printed:
        text = printed.read(_MOST_PRINTED + 1)
        if len(text) > _MOST_PRINTED:
            raise ValueError(f"its cells take more than the limit of {_MOST_PRINTED:,} bytes")
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"SciPy's process gave no answer ({error})") from error


def _answer(data, names):
    """Print the cells as JSON, or end with what is wrong."""
    import warnings
    from io import BytesIO

    import numpy as np
    from scipy.io import loadmat

    limit_memory(_MEMORY)
    warnings.simplefilter("error")
    try:
        _check_unpacked(data)
        # As no variable has the last name, it reads on to the end of the file.
        found = loadmat(BytesIO(data), variable_names=[*names, "\0"])
    except Exception as error:
        sys.exit(f"it is damaged: {error!r}")
    found = {name: found[name] for name in names if name in found}
    for name, value in found.items():
        if type(value) is not np.ndarray or value.dtype != object:
            sys.exit(f"{name!r} must hold cells; it is of type {value.dtype}")
        if value.size > _MOST_CELLS:
            sys.exit(f"{name!r} has {value.size:,} cells; the limit is {_MOST_CELLS:,}")
        cells = [np.asanyarray(cell) for cell in value.ravel("F")]
        values = sum(map(_checked_size, cells))
        if values > _MOST_VALUES:
            sys.exit(f"{name!r} has {values:,} numbers or letters; the limit is {_MOST_VALUES:,}")
        found[name] = [_plain(cell) for cell in cells]
    json.dump(found, sys.stdout)


def _check_unpacked(data):
    """End where what is packed is far more than any comparisons are, which SciPy would not see."""
    order, at, left = "<" if data[126:128] == b"IM" else ">", 128, _MOST_UNPACKED
    while at + 8 <= len(data):
        kind, size = unpack_from(f"{order}2I", data, at)
        at, end, unpacking = at + 8, min(at + 8 + size, len(data)), zlib.decompressobj()
        for start in range(at, end, _AT_ONCE) if kind == _PACKED else ():
            piece = data[start : min(start + _AT_ONCE, end)]
            while piece:
                left -= len(unpacking.decompress(piece, _AT_ONCE))
                piece = unpacking.unconsumed_tail
                if left < 0:
                    sys.exit(
                        f"what is packed in it takes more than {_MOST_UNPACKED:,} bytes, and the "
                        "comparisons of UT-Zappos50K take 6 million. Save those that you need alone"
                    )
        at += size


def _checked_size(cell):
    """Return how many numbers or letters a cell has (int)."""
    if cell.dtype.kind not in "iufU":
        sys.exit(f"its cells must hold numbers or texts; one is of type {cell.dtype}")
    if not cell.size and cell.shape[0]:
        sys.exit(f"a cell says that it has {cell.shape[0]:,} rows, and nothing in them")
    return cell.nbytes // 4 if cell.dtype.kind == "U" else cell.size


def _plain(cell):
    if cell.dtype.kind == "U" and cell.shape in ((0,), (1,)):
        return "".join(cell)
    return cell.tolist()


if __name__ == "__main__":
    _answer(sys.stdin.buffer.read(), sys.argv[1:])
