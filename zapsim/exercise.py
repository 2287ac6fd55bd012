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
        The right answer (numbers are compared to six digits, arrays and tables by value), or a
        function of the answer that says whether it is right.
    hint : str
        What to look at again, for an answer that is not right.
    """
    if answer is ...:
        print("📝 Not solved yet.")
    elif _is_right(answer, expected):
        print("✅ Correct.")
    else:
        print(f"❌ Not quite: {hint}" if hint else "❌ Not quite.")


def _is_right(answer, expected):
    try:
        if callable(expected):
            return bool(expected(answer))
        if isinstance(expected, str):
            return answer == expected
        answer, expected = np.asarray(answer), np.asarray(expected)
        if answer.shape != expected.shape:
            return False
        if np.issubdtype(expected.dtype, np.number):
            return np.allclose(answer.astype(float), expected, rtol=1e-6, atol=1e-6)
        return bool((answer == expected).all())
    # Whatever a learner's object does when it is compared, it is not the right answer.
    except Exception:
        return False
