"""Play a quiz against the model with widgets: first your answer, then the model's.

In: a `SimilarityPredictor`, or a `QuizState`. Out: a widget; what it can do is a method of
`zapsim.widgets.quiz_state.QuizState`. It uses only what ipywidgets 7.7 and 8 have in common. The
edge rule: an error is shown in the status line, and nothing changes.
"""

from html import escape

import ipywidgets as widgets

from zapsim.draw.html import csv_link, picture_html
from zapsim.widgets.base import StatefulWidget, button, row, wide
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
        It appears where it is the last line of a cell. ``.state.answers()`` is the table of
        answers, ``.state.tally()`` counts them.

    Raises
    ------
    TypeError, ValueError
        As `zapsim.widgets.quiz_state.make_triplets` does.
    """
    questions = make_triplets(predictor, n, seed)
    return Quiz(QuizState(predictor.catalogue, questions))


class Quiz(StatefulWidget):
    """The widgets around a `QuizState`; made by `quiz`, or for questions of your own.

    Parameters
    ----------
    state : QuizState
    """

    _shows = QuizState

    def __repr__(self):
        return f"Quiz of {len(self.state):,} questions"

    def _preview(self):
        look, state = self.state.catalogue.picture_or_none, self.state
        cells = [
            f"<td>{picture_html(look(key), _name(state, role), _SIZE)}<br>"
            f"{_caption(state, role)}</td>"
            for role, key in state.current.loc[list(self._images)].items()
        ]
        return (
            f"<p>{_heading(state)}</p><table><tr>{''.join(cells)}</tr></table>"
            f"<p>{escape(self._summary())}</p>"
        )

    def _make(self):
        state = self.state
        self.heading, self.links = widgets.HTML(), widgets.HTML()
        self._images, self._names, self.buttons = {}, {}, {}
        roles = [role for role in ("query", *CHOICES) if role in state.questions]
        columns = [self._make_column(role) for role in roles]
        self.next = button("Next question", "Go on to the next question")
        self.next.on_click(lambda _: self._do(state.next))
        self.export = button("Export answers", "Save all answers as CSV")
        self.export.on_click(lambda _: self._do(self._export))
        below = row([self.next, self.export, self.links])
        return [self.heading, row(columns), self.status, below]

    def _make_column(self, role):
        self._images[role] = widgets.Image(format="jpeg", width=_SIZE, height=_SIZE)
        self._names[role] = widgets.HTML(layout=wide(_SIZE))
        parts = [self._images[role], self._names[role]]
        if role != "query":
            self.buttons[role] = button(_role(role), f"Answer {_role(role)}")
            self.buttons[role].layout.width = f"{_SIZE}px"
            self.buttons[role].on_click(lambda _: self._do(self.state.answer, role))
            parts.append(self.buttons[role])
        column = widgets.VBox(parts)
        column.add_class("zapsim-query" if role == "query" else "zapsim-choice")
        return column

    def _export(self):
        self.links.value = f"Save {csv_link('quiz.csv', self.state.csv())}"

    def _show(self):
        state = self.state
        self.heading.value = f'<div class="zapsim-text">{_heading(state)}</div>'
        for role, image in self._images.items():
            image.value = self._thumbnail(state.current[role], _SIZE)
            self._names[role].value = f'<div class="zapsim-text">{_caption(state, role)}</div>'

    def _follow(self):
        for choice in self.buttons.values():
            choice.disabled = self.state.answered
        self.next.disabled = not self.state.answered or self.state.is_last
        self.export.disabled = not self.state.given

    def _summary(self):
        """Say the model's answer, once you have answered, and the count so far."""
        state, parts = self.state, []
        if state.answered:
            answer = state.answers().loc[state.position]
            model = "both the same" if answer["model"] == "equal" else answer["model"].upper()
            parts.append(
                f"You said {answer['you'].upper()}. The model says {model}: "
                f"A {answer['score_a']:.3f}, B {answer['score_b']:.3f}."
            )
            if isinstance(answer.get("people"), str) and answer["people"] in CHOICES:
                parts.append(f"People said {answer['people'].upper()}.")
        counts = state.tally()
        if counts["answered"]:
            parts.append(f"You and the model agree in {counts['agree']} of {counts['answered']}.")
        else:
            parts.append("Choose with A or B; the model's answer comes after yours.")
        if state.answered and state.is_last:
            parts.append("That was the last question.")
        return " ".join(parts)


def _name(state, role):
    """Name an item, but only after the answer: its class would tell what the catalogue says."""
    return state.catalogue.label(state.current[role]) if state.answered else _role(role)


def _caption(state, role):
    label = f" &nbsp;{escape(_name(state, role))}" if state.answered else ""
    return f"<b>{_role(role)}</b>{label}"


def _role(role):
    return "Query" if role == "query" else role.upper()


def _heading(state):
    return f"<b>{escape(state.question)}</b> &nbsp;({state.position + 1} of {len(state)})"
