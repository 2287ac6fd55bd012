"""The exercises and questions of the course, as data: one module a notebook.

In: a name, such as "04" (a notebook), "04-2" (an exercise) or "04-b" (a question). Out: what bears
that name. Each module has ``GOALS`` (texts), ``EXERCISES`` and ``QUESTIONS``.
"""

from importlib import import_module
from pkgutil import iter_modules

__all__ = ["find_exercise", "find_question", "numbers", "practice_of"]


def numbers():
    """Return the numbers of the notebooks that have exercises or questions (list of str)."""
    return sorted(m.name.removeprefix("nb") for m in iter_modules(__path__))


def practice_of(number):
    """Return a notebook's module; KeyError if there is none."""
    if not isinstance(number, str) or number not in numbers():
        known = ", ".join(numbers())
        raise KeyError(f"No notebook {number!r} with exercises. There are: {known}.")
    return import_module(f"{__name__}.nb{number}")


def find_exercise(name):
    """Return an exercise by its name; KeyError if there is none."""
    return _find(name, "EXERCISES")


def find_question(name):
    """Return a question by its name; KeyError if there is none."""
    return _find(name, "QUESTIONS")


def _find(name, kind):
    there = getattr(practice_of(str(name).partition("-")[0]), kind)
    for each in there:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in there)
    raise KeyError(f"No {name!r} among {kind.lower()}: {known}.")
