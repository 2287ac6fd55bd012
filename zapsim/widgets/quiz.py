"""Play a quiz against the model with widgets: first your answer, then the model's.

In: a `SimilarityPredictor`, or a `QuizState`. Out: a widget; what it can do is a method of
`zapsim.widgets.quiz_state.QuizState`. It keeps to what ipywidgets 7.7 and 8 have in common. The
edge rule: an error is shown in the status line, and all stays as it was.
"""

from html import escape

import ipywidgets as widgets

from zapsim.draw.html import csv_link, picture_html, status_html
from zapsim.io.pictures import PictureError
from zapsim.widgets.base import STYLE, button, no_picture, row, wide
from zapsim.widgets.browser import error_text
from zapsim.widgets.quiz_state import CHOICES, QuizState, make_triplets

__all__ = ["Quiz", "quiz"]

_SIZE = 200


def quiz(predictor, n=10, seed=42):
    """Compare your eye with the model's: which of two items is more like a third.

    Parameters
    ----------
    predictor : SimilarityPredictor
    n : int
        How many questions, at least 1.
    seed : int
        The same seed asks the same questions.

    Returns
    -------
    Quiz
        Shown where it is the last line of a cell. ``.state.answers()`` is the table of answers,
        ``.state.tally()`` counts them.

    Raises
    ------
    ValueError
        As `zapsim.widgets.quiz_state.make_triplets` does.
    """
    return Quiz(QuizState(predictor.catalogue, make_triplets(predictor, n, seed)))


class Quiz(widgets.VBox):
    """The widgets around a `QuizState`; made by `quiz`, or for questions of your own.

    Parameters
    ----------
    state : QuizState
    """

    def __init__(self, state):
        self.state = state
        self.heading, self.status, self.links = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._images, self._names, self.buttons, columns = {}, {}, {}, []
        names = [name for name in ("query", "a", "b") if name in state.questions]
        for name in names:
            self._images[name] = widgets.Image(format="jpeg", width=_SIZE, height=_SIZE)
            self._names[name] = widgets.HTML(layout=wide(_SIZE))
            parts = [self._images[name], self._names[name]]
            if name != "query":
                word = name.upper()
                self.buttons[name] = button(word, f"Answer {word}")
                self.buttons[name].layout.width = f"{_SIZE}px"
                self.buttons[name].on_click(lambda _, name=name: self._do(state.answer, name))
                parts.append(self.buttons[name])
            columns.append(widgets.VBox(parts))
            columns[-1].add_class("zapsim-query" if name == "query" else "zapsim-choice")
        self.next = button("Next question", "Go on to the next question")
        self.next.on_click(lambda _: self._do(state.next))
        self.export = button("Export answers", "Save all answers as CSV")
        self.export.on_click(lambda _: self._do(self._export))
        super().__init__(
            [
                widgets.HTML(STYLE, layout=widgets.Layout(display="none")),
                self.heading,
                row(columns),
                self.status,
                row([self.next, self.export, self.links]),
            ]
        )
        self.add_class("zapsim")
        self._refresh()

    def __repr__(self):
        return f"Quiz of {len(self.state):,} questions"

    def preview(self):
        """Return the question as it stands, frozen, for places where widgets don't run.

        Returns
        -------
        IPython.display.HTML
        """
        from IPython.display import HTML

        look, state = self.state.catalogue.picture_or_none, self.state
        cells = [
            f"<td>{picture_html(look(key), _name(state, role), _SIZE)}<br>"
            f"{_caption(state, role)}</td>"
            for role, key in self.state.current.loc[list(self._images)].items()
        ]
        return HTML(
            f"<p>{_heading(self.state)}</p><table><tr>{''.join(cells)}</tr></table>"
            f"<p>{escape(_verdict(self.state))}</p>"
        )

    def _do(self, action, *arguments):
        """Carry out one action and show what came of it, or why it could not be."""
        try:
            action(*arguments)
            self._refresh()
        except Exception as error:  # It would vanish in JupyterLab and VS Code.
            self.status.value = status_html(error_text(error), wrong=True)

    def _export(self):
        self.links.value = f"Save {csv_link('quiz.csv', self.state.csv())}"

    def _refresh(self):
        state = self.state
        self.heading.value = f'<div class="zapsim-text">{_heading(state)}</div>'
        for role, image in self._images.items():
            key = state.current[role]
            image.value = self._thumbnail(key)
            self._names[role].value = f'<div class="zapsim-text">{_caption(state, role)}</div>'
        for choice in self.buttons.values():
            choice.disabled = state.answered
        self.next.disabled = not state.answered or state.is_last
        self.export.disabled = not state.given
        self.status.value = status_html(_verdict(state))

    def _thumbnail(self, key):
        try:
            return self.state.catalogue.thumbnail(key, _SIZE)
        except PictureError:
            return no_picture(_SIZE)


def _name(state, role):
    """Name an item, but only once there is an answer: its class would give away the label's."""
    return state.catalogue.label(state.current[role]) if state.answered else _role(role)


def _caption(state, role):
    label = f" &nbsp;{escape(_name(state, role))}" if state.answered else ""
    return f"<b>{_role(role)}</b>{label}"


def _role(role):
    return "Query" if role == "query" else role.upper()


def _heading(state):
    return f"<b>{escape(state.question)}</b> &nbsp;({state.position + 1} of {len(state)})"


def _verdict(state):
    """Say the model's answer once there is one of yours, and how it stands."""
    parts = []
    if state.answered:
        row = state.answers().loc[state.position]
        model = "both the same" if row["model"] == "equal" else row["model"].upper()
        parts.append(
            f"You said {row['you'].upper()}. The model says {model}: "
            f"A {row['score_a']:.3f}, B {row['score_b']:.3f}."
        )
        if isinstance(row.get("people"), str) and row["people"] in CHOICES:
            parts.append(f"People said {row['people'].upper()}.")
    counts = state.tally()
    if counts["answered"]:
        parts.append(f"You and the model agree in {counts['agree']} of {counts['answered']}.")
    else:
        parts.append("Choose with A or B; the model's answer comes after yours.")
    if state.answered and state.is_last:
        parts.append("That was the last question.")
    return " ".join(parts)
