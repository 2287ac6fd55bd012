"""Check a learner's answer and say how it stands: not solved yet, not quite, or correct."""

import numpy as np

__all__ = ["check"]


def check(answer, expected, hint=""):
    """Print whether an answer is right; nothing is raised, so that a notebook runs on.

    Parameters
    ----------
    answer : object
        What the learner computed; ``...`` means that it was not attempted.
    expected : object or callable
        The right answer, or a function of the answer that says whether it is right. Whole numbers
        and texts must be equal, other numbers agree to about three digits.
    hint : str
        What to look at again, for an answer that is not right.
    """
    if answer is ...:
        print("📝 Not solved yet.")
        return
    # Whatever a learner's object does when it is looked at, it must not stop the notebook.
    try:
        right, trouble = _is_right(answer, expected), ""
    except Exception as error:
        right, trouble = False, f" ({type(error).__name__}: {error})"
    if right:
        print("✅ Correct.")
    else:
        print(f"❌ Not quite{f': {hint}' if hint else '.'}{trouble}")


def _is_right(answer, expected):
    if callable(expected):
        return bool(expected(answer))
    if isinstance(expected, str):
        return isinstance(answer, str) and answer == expected
    answer, expected = np.asarray(answer), np.asarray(expected)
    if answer.shape != expected.shape:
        return False
    if np.issubdtype(expected.dtype, np.floating):
        return bool(np.allclose(answer.astype(float), expected, rtol=2e-3, atol=1e-3))
    return bool((answer == expected).all())
