"""Say what columns of a Parquet file unpack to, before anything unpacks them.

In: an open file. Out: numbers of bytes and of values. The edge rule: a reader unpacks each page as
the page's own header says, whatever the file's footer says; so the headers are read, and must add
up to what the footer says. pyarrow shows no headers, and its ``FileMetaData.row_group`` must not be
asked: of a damaged column, what it raises cannot be caught, and ends the process. So both are read
here: they are structs of Thrift's compact protocol.
"""

import struct
from functools import partial

__all__ = ["check_footer", "unpacked_size"]

# A reader takes about 300 bytes for each of the footer's. Columns take 430 bytes there.
_FOOTER, _SHARE = 2**21, 16
# What precedes a page: its sizes, and the smallest and largest value in it.
_HEADER = 2**16
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
# The types of values that count here, in Thrift's numbering, and of those that are passed over.
_I32, _I64, _LIST, _STRUCT = 5, 6, 9, 12
_TRUE, _FALSE, _I8, _I16, _DOUBLE, _BINARY, _SET = 1, 2, 3, 4, 7, 8, 10
# Where each kind of page says how many values it has, and how they are coded.
_VALUES = {
    _DATA: ((5, _STRUCT), (2, _I32)),
    _DICTIONARY: ((7, _STRUCT), (2, _I32)),
    _DATA_V2: ((8, _STRUCT), (4, _I32)),
}
# Each text is what it has in common with the one before it, and the rest: it unpacks to many
# times its page.
_DELTA_TEXTS = 7
# A value that is repeated takes no room in a page, but as much as the others once it is read: a
# number at most so many bytes, and so many what stands for a text.
_NUMBER, _TEXT = 8, 48
_TEXTS = 6


def check_footer(file, size):
    """Raise ValueError if the footer of a file of so many bytes is too large; return its place."""
    file.seek(max(0, size - 8))
    (length,) = struct.unpack("<I4x", file.read(8).ljust(8))
    limit = _FOOTER + size // _SHARE
    if size >= 12 and length > min(limit, size - 8):
        raise ValueError(f"its footer has {length:,} bytes, more than the limit of {limit:,}")
    return size - 8 - length, length


def unpacked_size(file, size, columns, limit, text=_TEXT):
    """Return how many bytes some columns of a file take when they are read, at most; and values.

    `file`, of `size` bytes, is open for reading; `columns` are numbers (list of int). Nothing is
    looked at once it is more than `limit`. A text takes at least `text` bytes wherever it comes; 0
    where its reader keeps equal ones once, and counts them itself. ValueError if the pages are not
    as the footer says.
    """
    place, length = check_footer(file, size)
    file.seek(place)
    footer, _ = _fields(file.read(length), 0)
    unpacked, n_values, packed = 0, 0, 0
    for group in footer.get((4, _LIST), ()):
        for column in columns:
            if unpacked <= limit:
                said = group[1, _LIST][column][3, _STRUCT]
                packed += max(0, said[7, _I64])
                if packed > size:
                    # Else all groups could share one column, and its pages be looked at for each.
                    raise ValueError("its columns take more bytes than there are")
                unpacked += _unpacked_size(file, size, said, text)
                n_values += said[5, _I64]
    return unpacked, n_values


def _unpacked_size(file, file_size, column, text):
    place, total = column[9, _I64], column[7, _I64]
    dictionary = column.get((11, _I64), 0)
    if 0 < dictionary < place:
        place = dictionary
    end, size, n_values = place + total, 0, 0
    if not column[5, _I64]:
        # A reader looks at none of its pages.
        return 0
    if not 4 <= place <= end <= file_size:
        raise ValueError("a column lies outside of the file")
    while place < end:
        file.seek(place)
        try:
            page, length = _fields(file.read(_HEADER), 0)
            where, coding = _VALUES[page[1, _I32]]
            unpacked, packed, n = page[2, _I32], page[3, _I32], page[where][1, _I32]
            if min(unpacked, packed, n) < 0:
                raise ValueError("it has less than nothing")
        except (ValueError, LookupError, RecursionError) as error:
            raise ValueError(f"the page's header at {place:,} cannot be read ({error})") from error
        size += unpacked * max(1, n) if page[where][coding] == _DELTA_TEXTS else unpacked
        n_values += n if page[1, _I32] != _DICTIONARY else 0
        place += length + packed
    if place != end or n_values != column[5, _I64]:
        raise ValueError(
            f"a column's pages hold {n_values:,} values up to {place:,}, and should hold "
            f"{column[5, _I64]:,} up to {end:,}"
        )
    return max(size, n_values * (text if column[1, _I32] == _TEXTS else _NUMBER))


def _fields(data, place):
    """Return a struct, a dict by number and type of each field, and where it ends."""
    fields, number = {}, 0
    while head := data[place]:
        step, kind = head >> 4, head & 15
        place += 1
        if step:
            number += step
        else:
            number, place = _whole(data, place)
        if (number, kind) in fields:
            raise ValueError("something is said twice")
        fields[number, kind], place = _read(data, place, kind, _READERS)
    return fields, place + 1


def _read(data, place, kind, readers):
    if kind not in readers:
        raise ValueError(f"there are values of an unknown type, {kind}")
    value, place = readers[kind](data, place)
    if place > len(data):
        raise ValueError("a value goes on beyond the end")
    return value, place


def _list(data, place):
    n, kind = data[place] >> 4, data[place] & 15
    place += 1
    if n == 15:
        n, place = _varint(data, place)
    values = []
    for _ in range(n):
        value, place = _read(data, place, kind, _IN_LISTS)
        # Of others, none counts here.
        if kind == _STRUCT:
            values.append(value)
    return values, place


def _whole(data, place):
    value, place = _varint(data, place)
    return value >> 1 ^ -(value & 1), place


def _varint(data, place):
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("a number has no end")


def _binary(data, place):
    length, place = _varint(data, place)
    return None, place + length


def _passed_over(n_bytes, data, place):
    return None, place + n_bytes


_READERS = {
    _TRUE: partial(_passed_over, 0),
    _FALSE: partial(_passed_over, 0),
    _I8: partial(_passed_over, 1),
    _I16: _whole,
    _I32: _whole,
    _I64: _whole,
    _DOUBLE: partial(_passed_over, 8),
    _BINARY: _binary,
    _LIST: _list,
    _SET: _list,
    _STRUCT: _fields,
}
# A field's type says whether it is true; in a list, each takes a byte. So whatever number of
# values a list claims to have, each takes at least one.
_IN_LISTS = _READERS | dict.fromkeys((_TRUE, _FALSE), partial(_passed_over, 1))
