"""A question with its options, asked by buttons.

In: a `Question`. Out: its text as HTML and as plain text, and buttons that say why an option is
right or wrong. The edge rule: where no widgets run, the question still stands there as text, and
``question(name, "b")`` says the same as button b.
"""

import html
import re
from dataclasses import dataclass
from string import ascii_lowercase

import ipywidgets as widgets

from zapsim.checks import received

__all__ = ["Option", "Question", "QuestionButtons", "explanation"]


@dataclass(frozen=True)
class Option:
    """One of a question's answers, and what it shows about the one who gives it."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question of which one option is right.

    Attributes
    ----------
    name : str
        Of notebook and question, such as "04-b".
    goal : int
        Which of the notebook's goals it practises, from 1.
    text : str
        In it, and in the options, `code` stands in backticks.
    options : tuple of Option
        Three or four.
    """

    name: str
    goal: int
    text: str
    options: tuple[Option, ...]

    @property
    def letters(self):
        """What the options are called (tuple of str): a, b, c, …."""
        return tuple(ascii_lowercase[: len(self.options)])

    def as_text(self):
        """Return question and options as lines of text."""
        lines = [f"{self.name}  {self.text}"]
        lines += [f"  {a}) {o.text}" for a, o in zip(self.letters, self.options, strict=True)]
        return "\n".join(lines)

    def as_html(self):
        """Return question and options as HTML; whatever is in them is escaped."""
        # Not a list: JupyterLab would number it, whatever its type.
        options = "".join(
            f"<br>{letter}) {_marked_up(option.text)}"
            for letter, option in zip(self.letters, self.options, strict=True)
        )
        return f"<p><b>Question {self.name}.</b> {_marked_up(self.text)}{options}</p>"


def explanation(question, letter):
    """Return whether an option is right (bool), and what is said about it (str)."""
    letters = question.letters
    if letter not in letters:
        raise ValueError(
            f"Question {question.name} has the options {', '.join(letters)}. "
            f"Received: {received(letter)}"
        )
    option = question.options[letters.index(letter)]
    return option.right, f"{'✅' if option.right else '❌'} {letter}: {option.why}"


class QuestionButtons(widgets.VBox):
    """A button an option; a click says what the option shows.

    Parameters
    ----------
    question : Question
    answered : callable
        Called with whether the option was right (bool), after each click.
    """

    def __init__(self, question, answered):
        self._question, self._answered = question, answered
        narrow = widgets.Layout(width="3.5em")
        self.buttons = [
            widgets.Button(description=letter, layout=narrow, tooltip=option.text)
            for letter, option in zip(question.letters, question.options, strict=True)
        ]
        for button in self.buttons:
            button.on_click(self._say)
        self.said = widgets.HTML()
        super().__init__([widgets.HBox(self.buttons), self.said])

    def __repr__(self):
        name = self._question.name
        return f'question("{name}", "a") says what there is to say about a.'

    def _say(self, button):
        right, says = explanation(self._question, button.description)
        # A live region, so that a screen reader reads it out.
        self.said.value = f'<div role="status" aria-live="polite">{_marked_up(says)}</div>'
        self._answered(right)


def _marked_up(text):
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
