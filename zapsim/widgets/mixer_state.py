"""Keep what a mixing desk knows: the query, and how much each kind of similarity counts.

In: features of several kinds for the same items, and a person's choices, one method each. Out:
the neighbours to show. No widget is needed; those of `zapsim.widgets.mixer` only mirror this. The
edge rule: a choice that cannot be carried out raises, and leaves everything as it was.
"""

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_choice,
    check_key,
    check_type,
    checked_number,
    checked_whole,
)
from zapsim.keys import by_keys, known_key
from zapsim.kinds.blend import check_parts, checked_shares
from zapsim.similarity import exact_scores, nearest_to, unit_vectors

__all__ = ["MAX_K", "MixState"]

MAX_K = 12


class MixState:
    """One person's mix; a change of shares does not build the blend again.

    Parameters
    ----------
    catalogue : Catalogue
    parts : dict of str to pandas.DataFrame
        As `zapsim.blend` takes them.
    query : str, optional
        The key to begin with; by default the first one.
    k : int
        Neighbours shown, from 1 to `MAX_K`.
    shares : dict of str to float, optional
        To begin with; by default all are the same. If one is above 1, all are divided by it.

    Attributes
    ----------
    amounts : dict of str to float
        Each from 0 to 1; their sum need not be 1.

    Raises
    ------
    KeyError
        If there is no such key.
    TypeError, ValueError
        If k is out of range, or as `zapsim.blend` does.
    """

    def __init__(self, catalogue, parts, query=None, k=6, shares=None):
        check_catalogue(catalogue)
        k = checked_whole("k", k)
        if k > MAX_K:
            raise ValueError(f"k must be at most {MAX_K}. Received: k={k}")
        checked_shares(parts, shares)
        for name in parts:
            check_type(name, str, "The name of a part must be a text, such as 'shape'.")
        shares = dict.fromkeys(parts, 1.0) if shares is None else shares
        largest = max(1.0, *shares.values())
        self.catalogue, self.k, self.keys = catalogue, k, check_parts(parts)
        self.amounts = {name: shares.get(name, 0.0) / largest for name in parts}
        # All kinds side by side: a mix changes the query's vector alone, none of the items'.
        ends = np.cumsum([part.shape[1] for part in parts.values()])
        self._unit = np.empty((len(self.keys), ends[-1]), np.float32)
        self._columns = {}
        for (name, part), end in zip(parts.items(), ends, strict=True):
            self._columns[name] = columns = slice(end - part.shape[1], end)
            self._unit[:, columns] = unit_vectors(by_keys(part, self.keys))
        self.show(self.keys[0] if query is None else query)

    def show(self, query):
        """Make a key the query."""
        check_key(query, "query")
        self.query = known_key(query, self.keys)

    def set_amount(self, name, amount):
        """Let one kind count for more or less (amount: float, from 0 to 1)."""
        check_choice("The name of an amount", name, self.amounts)
        checked_number(name, amount, 0, 1)
        amounts = self.amounts | {name: float(amount)}
        if not any(amounts.values()):
            raise ValueError("With all at 0, nothing is compared. Move another one up first.")
        self.amounts = amounts

    def shares(self):
        """Return the amounts divided by their sum (dict of str to float)."""
        return checked_shares(self.amounts, self.amounts)

    def percentages(self):
        """Return the shares as whole percentages, together 100 (dict of str to int).

        All are rounded down; what is then left of the 100 goes to those that lost most, ties to
        the earlier one.
        """
        exact = {name: 100 * share for name, share in self.shares().items()}
        whole = {name: int(percent) for name, percent in exact.items()}
        lost = sorted(exact, key=lambda name: whole[name] - exact[name])
        return whole | {name: whole[name] + 1 for name in lost[: 100 - sum(whole.values())]}

    def neighbours(self):
        """Find the query's neighbours by the mix.

        A DataFrame, nearest first, ties by lower index: ``rank``, ``key``, ``score``, then the
        score by each kind.
        """
        row = self.keys.get_loc(self.query)
        others = np.ones(len(self.keys), bool)
        others[row] = False
        # A mix is the weighted mean of the kinds' scores; in float64, as all scores are.
        query = self._unit[row].astype(np.float64)
        for name, share in self.shares().items():
            query[self._columns[name]] *= share
        rows, scores = nearest_to(query, self._unit, self.k, others)
        found = {"rank": np.arange(1, len(rows) + 1), "key": self.keys[rows], "score": scores}
        for name, columns in self._columns.items():
            kind = self._unit[:, columns]
            found[name] = exact_scores(kind[row], kind, rows)
        return pd.DataFrame(found)
