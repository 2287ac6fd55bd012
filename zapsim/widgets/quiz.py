"""Play a quiz against the model with widgets: first your answer, then the model's.

In: a `SimilarityPredictor`, or a `QuizState`. Out: a widget; what it can do is a method of
`zapsim.widgets.quiz_state.QuizState`, how it is shown, `zapsim.widgets.cards` says.
"""

from html import escape

import ipywidgets as widgets

from zapsim.draw.html import card_html, cards_html, data_link
from zapsim.widgets.cards import Tile, name_html
from zapsim.widgets.looks import row, wide
from zapsim.widgets.quiz_state import CHOICES, QuizState, make_triplets
from zapsim.widgets.stateful import StatefulWidget

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
        As ``zapsim.widgets.quiz_state.make_triplets`` does.
    """
    questions = make_triplets(predictor, n, seed)
    return Quiz(QuizState(predictor.catalogue, questions))


class Quiz(StatefulWidget):
    """The widgets around a `QuizState`; made by `quiz`, or for questions of your own."""

    _shows = QuizState

    def __repr__(self):
        return f"Quiz of {len(self.state):,} questions"

    def _preview(self):
        look, current = self.state.catalogue.picture_or_none, self.state.current
        cards = [
            card_html(look(current[role]), self._name(role), self._caption(role), _SIZE)
            for role in self.tiles
        ]
        return f"<p>{self._heading()}</p>{cards_html(cards)}<p>{escape(self._summary())}</p>"

    def _make(self):
        state = self.state
        self.heading, self.tiles = widgets.HTML(), {}
        if "query" in state.questions:
            self.tiles["query"] = Tile(_SIZE, "zapsim-query")
        for role in CHOICES:
            answer = self._button(_role(role), f"Answer {_role(role)}", state.answer, role)
            answer.layout = wide(_SIZE)
            self.tiles[role] = Tile(_SIZE, "zapsim-choice", [answer])
        self.next = self._button("Next question", "Go on to the next question", state.next)
        self.export = self._button("Export answers", "Save all answers as CSV", self._export)
        columns = row([tile.box for tile in self.tiles.values()])
        return [self.heading, columns, self.status, row([self.next, self.export, self.links])]

    def _export(self):
        self.links.value = f"Save {data_link('quiz.csv', 'text/csv', self.state.csv())}"

    def _show(self):
        self.heading.value = f'<div class="zapsim-text">{self._heading()}</div>'
        for role, tile in self.tiles.items():
            picture = self._thumbnail(self.state.current[role], _SIZE)
            tile.show(picture, self._caption(role))

    def _follow(self):
        for role in CHOICES:
            self.tiles[role].button.disabled = self.state.answered
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

    def _name(self, role):
        """Name an item, but only after the answer: its class would tell what the catalogue says."""
        state = self.state
        return state.catalogue.caption(state.current[role]) if state.answered else _role(role)

    def _caption(self, role):
        # Its room is kept before the answer, too, so that nothing moves.
        return f"<b>{_role(role)}</b>{name_html(self._name(role) if self.state.answered else '')}"

    def _heading(self):
        state = self.state
        return f"<b>{escape(state.question)}</b> &nbsp;({state.position + 1} of {len(state)})"


def _role(role):
    return "Query" if role == "query" else role.upper()
