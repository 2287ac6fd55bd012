"""matlab.py: what SciPy writes is read as it is; damage, and what it does, is a ValueError."""

import random
import sys
import zlib
from io import BytesIO
from struct import pack

import numpy as np
import pytest
from scipy.io import savemat

from zapsim.io import matlab
from zapsim.io.matlab import read_cells


def mat(packed=False, **variables):
    buffer = BytesIO()
    savemat(buffer, variables, do_compression=packed)
    return buffer.getvalue()


def cells(*values, shape=(1, -1)):
    found = np.empty(len(values), object)
    found[:] = values
    return found.reshape(shape, order="F")


MIXED = cells(np.arange(6.0).reshape(2, 3), "Größe/a.jpg", np.array([[1, 2]], "i2"), "", "é")
# Head of a variable that is an object of a class of somebody's own, and of a function.
OBJECT, FUNCTION = 3, 16


# Heads of cells, without a name: of texts and of numbers, of which the file holds none.
TEXT, NUMBERS = 4, 9


def nothing(kind, *shape):
    head = pack("<4I", 6, 8, kind, 0) + pack(f"<2I{len(shape)}i", 5, 4 * len(shape), *shape)
    body = head + bytes(-len(head) % 8) + pack("<4I", 1, 0, kind, 0)
    return pack("<2I", 14, len(body)) + body


def variable(kind, inside, columns=1):
    name = pack("<2I8s", 1, 6, b"wanted")
    body = pack("<4I", 6, 8, kind, 0) + pack("<2I2i", 5, 8, 1, columns) + name + inside
    return b"MATLAB 5.0".ljust(124) + b"\0\1IM" + pack("<2I", 14, len(body)) + body


@pytest.mark.parametrize("packed", [True, False])
def test_cells_are_read_as_they_are(packed):
    data = mat(packed, other="x", wanted=MIXED, more={"a": MIXED})
    assert read_cells(data, ["missing"]) == {}
    numbers = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    right = {"wanted": [numbers, "Größe/a.jpg", [[1, 2]], "", "é"]}
    assert read_cells(data, ["wanted", "missing"]) == right


def test_cells_come_column_by_column():
    data = mat(wanted=cells("a", "b", "c", "d", shape=(2, 2)))
    assert read_cells(data, ["wanted"]) == {"wanted": ["a", "b", "c", "d"]}


def test_numbers_keep_every_bit():
    values = np.random.default_rng(0).uniform(size=(50, 6))
    assert np.array_equal(read_cells(mat(wanted=cells(values)), ["wanted"])["wanted"][0], values)


def test_no_flipped_bit_passes_where_there_is_a_checksum():
    data = mat(True, wanted=cells(np.arange(60.0).reshape(10, 6), "a/b.jpg"))
    right, rng = read_cells(data, ["wanted"]), random.Random(1)
    for _ in range(8):
        flipped = bytearray(data)
        flipped[rng.randrange(150, len(data))] ^= 1 << rng.randrange(8)
        try:
            assert read_cells(bytes(flipped), ["wanted"]) == right
        except ValueError as error:
            assert "it is damaged" in str(error)


@pytest.mark.parametrize("size", [0, 60, 130, 200, -1])
def test_what_is_cut_off_is_refused(size):
    with pytest.raises(ValueError, match="it is damaged|it begins with"):
        read_cells(mat(wanted=MIXED)[:size], ["wanted"])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(200), "of MATLAB 7.3. Save it there with"),
        (bytes(512) + b"\x89HDF\r\n\x1a\n", "of MATLAB 7.3"),
        (b"not from MATLAB", "it begins with b'not from MATLAB'"),
        (mat(wanted=np.eye(2)), "'wanted' must hold cells; it is of type float64"),
        (mat(wanted=cells(np.eye(2) * 1j)), "numbers or texts; one is of type complex128"),
        (mat(wanted=cells(cells("a"))), "numbers or texts; one is of type object"),
        (mat(wanted=cells("a")) + mat(wanted=cells("b"))[128:], "Duplicate variable name"),
        (mat(wanted=cells("a")) + b"PK\3\4 and more", "it is damaged"),
        (variable(OBJECT, pack("<2I8s", 1, 4, b"evil") + pack("<2I", 14, 0)), "it is"),
        (variable(FUNCTION, mat(a=1.0)[128:]), "'wanted' must hold cells"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_files_are_refused(data, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        read_cells(data, ["wanted"])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (nothing(NUMBERS, 15_000_000, 0), "a cell says that it has 15,000,000 rows, and nothing"),
        (nothing(NUMBERS, 1, 15_000_000, 0, 1), "a cell says that it has 1 rows, and nothing"),
        (nothing(TEXT, 1, 15_000_000), "'wanted' has 15,000,000 numbers or letters; the limit is"),
    ],
    ids=["rows", "deeper rows", "letters"],
)
def test_what_costs_a_file_nothing_is_not_made(cell, said):
    with pytest.raises(ValueError, match=said):
        read_cells(variable(1, cell), ["wanted"])


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_unpacks_to_very_much_is_not_unpacked(order):
    head = b"MATLAB 5.0".ljust(124) + (b"\0\1IM" if order == "<" else b"\1\0MI")
    small = zlib.compress(bytes(8))
    large = zlib.compress(bytes(101_000_000), 1)
    packed = [pack(f"{order}2I", 15, len(data)) + data for data in (small, large)]
    with pytest.raises(ValueError, match="packed in it takes more than 100,000,000 bytes"):
        read_cells(head + b"".join(packed), ["wanted"])


def test_cells_of_nothing_have_no_rows():
    empty = cells(np.empty((0, 0)), np.empty((0, 6)), np.empty(0, "U1"))
    assert read_cells(mat(wanted=empty), ["wanted"]) == {"wanted": [[], [], ""]}


def test_what_scipy_s_process_says_is_read_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(matlab, "_MOST_PRINTED", len('{"wanted": ["a"]}'))
    assert read_cells(mat(wanted=cells("a")), ["wanted"]) == {"wanted": ["a"]}
    with pytest.raises(ValueError, match="its cells take more than the limit of 17 bytes"):
        read_cells(mat(wanted=cells("ab")), ["wanted"])


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux limits a process's memory.")
def test_a_size_does_not_take_the_memory():
    with pytest.raises(ValueError, match="it is damaged: MemoryError"):
        read_cells(variable(1, b"", 400_000_000), ["wanted"])


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("import os; os.abort()", "SciPy's process ended with"),
        ("import sys; sys.exit(1)", "SciPy's process ended with 1"),
        ("import time; time.sleep(60)", "it took SciPy more than 0.5 s to read"),
        ("print('{}]')", "SciPy's process gave no answer"),
        ("import sys; sys.stdout.buffer.write(bytes(range(128, 256)))", "gave no answer"),
    ],
)
def test_whatever_becomes_of_the_process_is_an_error(monkeypatch, tmp_path, does, said):
    (tmp_path / "child.py").write_text(does)
    monkeypatch.setattr(matlab, "__file__", str(tmp_path / "child.py"))
    monkeypatch.setattr(matlab, "_SECONDS", 0.5 if "sleep" in does else 60)
    with pytest.raises(ValueError, match=said):
        read_cells(mat(wanted=MIXED), ["wanted"])


def test_no_process_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ValueError, match="SciPy's process gave no answer"):
        read_cells(mat(wanted=MIXED), ["wanted"])


def test_modules_of_the_folder_are_not_run(monkeypatch, tmp_path):
    (tmp_path / "scipy.py").write_text("raise SystemExit('ran')")
    monkeypatch.chdir(tmp_path)
    assert read_cells(mat(wanted=cells("a")), ["wanted"]) == {"wanted": ["a"]}
