"""Compare a learner's answer with a value, however it is written.

In: an answer and what it is compared with: numbers, texts, lists, arrays, tables. Out: whether they
say the same, and a few words that describe an answer. The edge rule: what cannot be compared is
different, and raises nothing; what may have no end is for `unending`, before all else.
"""

from itertools import chain, count

import numpy as np
import pandas as pd

from zapsim.checks import printable, received

__all__ = ["described", "same", "shown", "unending"]

_SHOWN = 60
# No exercise asks for nearly as many values, nor for lists as deep in lists.
_MOST, _DEEPEST = 500_000, 20
_LABELLED = (pd.Series, pd.DataFrame)
_PLAIN = {str, bytes, int, float, bool, type(None)}


def unending(answer):
    """Say what keeps an answer from being looked at to its end (str); "" if nothing does.

    NumPy and ``list`` go into whatever they are given, without any limit.
    """
    try:
        return _unending(answer, frozenset(), count(1))
    # It is told where it is used.
    except Exception:
        return ""


def _unending(value, above, visited):
    if id(value) in above:
        return "holds itself, so it has no end. Make a new list."
    if len(above) > _DEEPEST:
        return f"holds lists in lists, more than {_DEEPEST} deep."
    if not _is_finite(value):
        kind = type(value).__name__
        return f"is, or holds, what has no length (of type {kind}). Give a list."
    above = above | {id(value)}
    for part in _parts(value):
        if next(visited) > _MOST:
            return f"holds more than {_MOST:,} values. No exercise asks for so many."
        why = "" if type(part) in _PLAIN else _unending(part, above, visited)
        if why:
            return why
    return ""


def _is_finite(value):
    kind = type(value)
    return not hasattr(kind, "__iter__") or hasattr(kind, "__len__") or hasattr(kind, "__array__")


def _parts(value):
    """Return what a value holds (iterable), as far as it may hold more in turn."""
    if isinstance(value, dict):
        return chain(value.keys(), value.values())
    if isinstance(value, (np.ndarray, pd.Series, pd.Index, pd.DataFrame)):
        columns = [each for _, each in value.items()] if hasattr(value, "columns") else [value]
        return chain.from_iterable(np.asarray(c).flat for c in columns if c.dtype == object)
    kind = type(value)
    plain = isinstance(value, (str, bytes, bytearray)) or hasattr(kind, "__array__")
    return () if plain or not hasattr(kind, "__iter__") else value


def same(answer, value, ordered=True, tolerance=1e-3):
    """Say whether an answer says what a value says (bool).

    Parameters
    ----------
    answer, value : object
        Lists, tuples, arrays, Series and Indexes of the same values are the same, and so are
        numbers of different types. Texts and whole numbers must be equal. Two Series, or tables,
        of the same labels are compared by label: where order counts, `value` is a list.
    ordered : bool
        False: values may come in any order.
    tolerance : float
        Of the largest number in `value`: other numbers may differ by so much.
    """
    try:
        return _same(answer, value, ordered, tolerance)
    except Exception:
        return False


def described(answer):
    """Describe an answer in a few words (str), such as "5 texts" or "an array of shape (3, 4)"."""
    # Learners give anything: modules, classes, what raises when it is looked at.
    try:
        return _described(answer)
    except Exception:
        return f"a {type(answer).__name__}"


def _described(answer):
    try:
        shape = np.shape(answer)
    except ValueError:
        shape = (len(answer),)
    if isinstance(answer, (str, int, float, bool, np.number, np.bool_, type(None))):
        return shown(answer)
    if len(shape) == 1 and not isinstance(answer, dict):
        kinds = {"text" if isinstance(each, str) else "value" for each in answer}
        kind = kinds.pop() if len(kinds) == 1 else "value"
        return f"{shape[0]:,} {kind}{'s' * (shape[0] != 1)}"
    if shape:
        return f"an array of shape {shape}"
    return f"a {type(answer).__name__}"


def shown(value):
    """Write a value (str) as one would type it, its numbers rounded; a long one is cut."""
    try:
        value = np.asarray(value).tolist()
        text = repr(np.round(value, 3).tolist() if np.asarray(value).dtype.kind == "f" else value)
    except Exception:
        text = received(value)
    text = " ".join(printable(text).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _same(answer, value, ordered, tolerance):
    if isinstance(value, str) or isinstance(answer, str):
        return isinstance(answer, str) and isinstance(value, str) and answer == value
    if value is None or answer is None:
        return answer is value
    if isinstance(answer, pd.DataFrame):
        answer = answer.squeeze(axis=1)
    if isinstance(answer, _LABELLED) and isinstance(value, _LABELLED):
        of, wanted = answer.index, value.index
        if of.is_unique and len(of) == len(wanted) and set(of) == set(wanted):
            answer, ordered = answer.loc[wanted], True
    if isinstance(value, (list, tuple)) and not all(np.ndim(each) == 0 for each in value):
        parts = zip(answer, value, strict=True)
        return all(_same(a, v, ordered, tolerance) for a, v in parts)
    if isinstance(answer, (set, frozenset)) and ordered:
        # It has no order, though by chance it may come in the right one.
        return False
    if isinstance(answer, (set, frozenset, dict)):
        answer = list(answer)
    return _same_arrays(np.asarray(answer), np.asarray(value), ordered, tolerance)


def _same_arrays(answer, value, ordered, tolerance):
    texts = _holds_texts(value)
    if texts != _holds_texts(answer) or (answer.dtype == bool) != (value.dtype == bool):
        return False
    if texts:
        answer, value = answer.astype(str), value.astype(str)
    else:
        answer, value = np.squeeze(answer), np.squeeze(value)
        answer = answer.astype(float) if answer.dtype.kind == "O" else answer
    if answer.shape != value.shape:
        return False
    if not ordered:
        answer, value = np.sort(answer, axis=None), np.sort(value, axis=None)
    if value.dtype.kind != "f":
        return bool((answer == value).all())
    slack = tolerance * (np.nanmax(np.abs(value), initial=0) or 1)
    return bool(np.allclose(answer, value, rtol=0, atol=slack, equal_nan=True))


def _holds_texts(values):
    kind = values.dtype.kind
    return kind in "US" or (kind == "O" and any(isinstance(each, str) for each in values.flat))
