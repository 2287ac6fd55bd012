"""Ask people what they find similar, and keep their answers beside the model's.

In: a `SimilarityPredictor`, or questions made elsewhere. Out: a `QuizState`: one question after
the other, a tally, and a table of all answers. No widget is needed; those of `zapsim.widgets.quiz`
only mirror this. The edge rule: an answer cannot be changed, and the model's is told only after it.
"""

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_choice,
    check_predictor,
    check_table,
    check_type,
    checked_seed,
    checked_whole,
)
from zapsim.draw.html import csv_text, exported

__all__ = ["CHOICES", "QuizState", "make_triplets"]

_NEAR = 5
_FAR = (12, 40)
_SCORES = ["score_a", "score_b"]
CHOICES = ("a", "b")
_SAID = (*CHOICES, "equal")


def make_triplets(predictor, n=10, seed=42):
    """Make questions that are neither too easy nor too hard: a near and a less near neighbour.

    One of the two is among the query's 5 nearest of other products, the other from rank 12 to 40
    (or the farthest, in a small catalogue) and of a third product; which of them is A is drawn at
    random. No product is the query twice.

    Parameters
    ----------
    predictor : SimilarityPredictor
    n : int
        At least 1; fewer are made where there are fewer products with two neighbours.
    seed : int
        The same seed makes the same questions.

    Returns
    -------
    pandas.DataFrame
        Columns ``query``, ``a``, ``b`` (keys), ``score_a``, ``score_b`` (cosine similarities to
        the query).

    Raises
    ------
    ValueError
        If n is less than 1, or no item has two neighbours.
    """
    check_predictor(predictor)
    n = checked_whole("n", n)
    random = np.random.default_rng(checked_seed(seed))
    keys = predictor.table.index.to_series().astype(object)
    known = predictor.table.get("Product", keys)
    products = keys.where(known.isna(), known)
    rows, asked = [], set()
    for key in random.permutation(keys.to_numpy(object)):
        if products[key] in asked:
            continue
        found = predictor.similar(key, k=_FAR[1], hide_colourways=True)
        shown = products.loc[found["key"]].to_numpy()
        if len(set(shown)) < 2:
            continue
        asked.add(products[key])
        near = random.integers(0, min(_NEAR, len(found) // 2))
        others = np.flatnonzero(shown != shown[near])
        far = random.choice(others[others >= min(_FAR[0], len(found), others[-1] + 1) - 1])
        two = found.iloc[random.permutation([near, far])]
        rows.append((key, *two["key"], *two["score"]))
        if len(rows) == n:
            break
    if not rows:
        raise ValueError("No item has two neighbours of other products: there is nothing to ask.")
    return pd.DataFrame(rows, columns=["query", "a", "b", *_SCORES])


class QuizState:
    """Questions, a person's answers, and what the model would have said.

    Parameters
    ----------
    catalogue : Catalogue
    questions : pandas.DataFrame
        As `make_triplets` returns. Without a column ``query``, only two are compared. A column
        ``people`` ("a", "b", "equal" or missing) holds what others answered. Scores that are
        written as texts, as ``pandas.read_csv(path, dtype=str)`` reads them, are taken as numbers,
        and keys may stand as `csv` writes them.
    question : str
        What is asked.

    Attributes
    ----------
    position : int
        The question asked now, from 0.
    given : dict of int to str
        The person's answers, "a" or "b", by question.

    Raises
    ------
    KeyError, ValueError
        If a question's item is not in the catalogue, there is no question, columns are missing, a
        score is no finite number, or `people` holds another answer.
    TypeError
        If `questions` are no table, or `question` is no text.
    """

    def __init__(self, catalogue, questions, question="Which of the two is more like this one?"):
        check_catalogue(catalogue)
        check_table("questions", questions, ("a", "b", *_SCORES), "make_triplets")
        check_type(question, str, "question must be a text, such as 'Which is more pointy?'.")
        columns = {name: _numbers(questions[name]) for name in _SCORES}
        if not len(questions) or not all(np.isfinite(each).all() for each in columns.values()):
            raise ValueError(
                "There must be at least one question, and score_a and score_b must be numbers in "
                f"every one. Received: {questions[_SCORES].to_numpy().tolist()[:5]}"
            )
        self.catalogue, self.question = catalogue, question
        if "people" in questions:
            columns["people"] = _said(questions["people"])
        known = catalogue.keys
        # As `csv` writes what looks like a formula, unless another item is called so.
        written = {text: key for text, key in exported(known).items() if text not in known}
        named = [name for name in ("query", "a", "b") if name in questions]
        columns |= {name: questions[name].replace(written) for name in named}
        self.questions = questions.assign(**columns).reset_index(drop=True)
        for name in named:
            for key in self.questions[name]:
                catalogue.caption(key)
        self.position, self.given = 0, {}

    def __len__(self):
        return len(self.questions)

    @property
    def current(self):
        """The question asked now (pandas.Series)."""
        return self.questions.loc[self.position]

    @property
    def answered(self):
        """Whether the question asked now has an answer."""
        return self.position in self.given

    @property
    def is_last(self):
        """Whether no question comes after this one."""
        return self.position + 1 == len(self)

    def answer(self, choice):
        """Answer the question asked now with "a" or "b"; ValueError if it is answered already."""
        check_choice("The answer", choice, CHOICES)
        if self.answered:
            raise ValueError("This question is answered: go on to the next one.")
        self.given[self.position] = choice

    def next(self):
        """Go on to the next question, if there is one."""
        self.position = min(self.position + 1, len(self) - 1)

    def answers(self):
        """Return all answered questions.

        A DataFrame: the questions' columns, then ``you``, ``model`` ("a", "b", or "equal" where it
        gives both the same score) and ``agree`` (bool).
        """
        table = self.questions.loc[list(self.given)].copy()
        table["you"] = pd.Series(self.given, dtype=object)
        gap = table["score_a"] - table["score_b"]
        table["model"] = np.select([gap > 0, gap < 0], CHOICES, "equal").astype(object)
        table["agree"] = (table["you"] == table["model"]).astype(bool)
        return table

    def disagreements(self):
        """Return the answered questions in which you and the model differ; see `answers`."""
        table = self.answers()
        return table[~table["agree"]]

    def tally(self):
        """Count the answers, and how many agree.

        A dict of str to int: ``questions``, ``answered``, ``agree`` (you and the model); where
        others were asked too, ``with people`` (you and they), ``model with people`` and
        ``asked people``.
        """
        table = self.answers()
        counts = {"questions": len(self), "answered": len(table), "agree": table["agree"].sum()}
        if "people" in table:
            people = table["people"]
            counts["with people"] = (table["you"] == people).sum()
            counts["model with people"] = (table["model"] == people).sum()
            counts["asked people"] = people.notna().sum()
        return {name: int(count) for name, count in counts.items()}

    def csv(self):
        """Write `answers` as CSV (str) without any formula that a spreadsheet would run."""
        return csv_text(self.answers())


def _numbers(column):
    """Return a column as floats, NaN where there is no number; True and False are none."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
        return column
    cells = column.astype(object)
    # pandas takes them for numbers, and of a complex one half would be lost.
    none = cells.map(lambda cell: isinstance(cell, (bool, np.bool_, complex, np.complexfloating)))
    return pd.to_numeric(cells.mask(none), errors="coerce").astype(float)


def _said(column):
    """Return what people said, None where nobody did; ValueError for another answer."""
    column = column.astype(object)
    for answer in column.dropna():
        check_choice("people", answer, _SAID)
    return column.where(column.notna(), None)
