"""What a notebook calls to practise: check an answer, take a hint, ask, and look back.

In: names of exercises, questions and notebooks. Out: printed lines, and a question's buttons. The
edge rule: a wrong answer is a sentence, never an exception.
"""

import textwrap

from IPython.display import display

from zapsim.checks import told
from zapsim.course import record as kept
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise, find_question, practice_of
from zapsim.course.question import QuestionButtons, explanation
from zapsim.draw.html import no_maths

__all__ = [
    "check",
    "forget_progress",
    "goals",
    "hint",
    "keep_progress",
    "progress",
    "question",
    "solution",
]

# Notebooks break longer lines in mid-word.
_WIDTH = 88
_MARKS = {"right": "✅ Correct.", "found": "✅", "wrong": "❌ Not quite.", "open": "📝"}


def check(name, answer=..., *given):
    """Print how an answer stands, and what is behind it if it is wrong.

    Parameters
    ----------
    name : str
        The exercise's, such as "04-2".
    answer : object
        What was computed or written; ``...`` means that it was not tried.
    *given : object
        What the exercise hands on from the notebook.
    """
    verdict = judge(find_exercise(name), answer, *given)
    _say(told(f"{_MARKS[verdict.state]} {verdict.says}".strip()))
    if verdict.state in ("right", "found"):
        kept.note_solved(name)
    else:
        print(f'Stuck? Run hint("{name}") in a new cell.')


def hint(name):
    """Print an exercise's next hint; after the third, the first again."""
    hints = find_exercise(name).hints
    place = (kept.note_hint(name) - 1) % len(hints)
    _say(f"💡 Hint {place + 1} of {len(hints)}: {hints[place]}")
    if place + 1 == len(hints):
        print(f'That was the last hint. solution("{name}") shows a solution.')


def solution(name):
    """Print a solution of an exercise: lines to put in place of the stub."""
    print(find_exercise(name).solution)


def question(name, answer=None):
    """Ask a question by its name; with an answer (str, such as "b"), say what it shows."""
    asked = find_question(name)

    def note(right):
        if right:
            kept.note_solved(name)

    if answer is None:
        shown = {"text/html": no_maths(asked.as_html()), "text/plain": asked.as_text()}
        display(shown, raw=True)
        display(QuestionButtons(asked, note))
        return
    right, says = explanation(asked, str(answer).strip().lower())
    note(right)
    _say(says)


def progress(number):
    """Print how many of a notebook's exercises and questions are solved."""
    names = [each.name for each in _tasks(number)]
    print(f"{len(kept.solved(names))} of {len(names)} exercises and questions solved.")


def goals(number):
    """Print a notebook's goals; those for which a task was solved are ticked."""
    tasks = _tasks(number)
    done = kept.solved([task.name for task in tasks])
    for place, goal in enumerate(practice_of(number).GOALS, start=1):
        names = [task.name for task in tasks if task.goal == place]
        mark = "✅" if set(names) & set(done) else "☐"
        _say(f"{mark} {goal} ({', '.join(names)})")
    progress(number)


def keep_progress():
    """Keep what was solved in a file, ``zapsim-progress.json`` beside the notebook.

    It lies in the folder where zapsim was imported, and stays on this machine, or on your Drive.
    `forget_progress` deletes it.
    """
    if kept.keep():
        print(f"Your progress is kept in {kept.FILE}. forget_progress() deletes it.")


def forget_progress():
    """Delete the file of `keep_progress`, and forget what was solved."""
    if kept.forget():
        print("Your progress is forgotten.")


def _tasks(number):
    practice = practice_of(number)
    return [*practice.EXERCISES, *practice.QUESTIONS]


def _say(text):
    for paragraph in text.split("\n"):
        print(textwrap.fill(paragraph, _WIDTH) if paragraph else "")
