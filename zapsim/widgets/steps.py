"""Remember a person's way: what was asked for at each step, and the steps before and after.

In: steps. Out: the one that holds now. The edge rule: a way is bounded; its oldest steps go first.
"""

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["FAVOURITES", "MATCHES", "NEIGHBOURS", "OwnPicture", "Step", "Way"]

NEIGHBOURS, MATCHES, FAVOURITES = "neighbours", "matches", "favourites"
_LONGEST = 200


@dataclass(eq=False)
class OwnPicture:
    """A query that is not in the catalogue: its name, its RGB picture, small, its features."""

    name: str
    picture: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Step:
    """What is asked for.

    The query (a key or an `OwnPicture`), the basket (keys that are liked as the query is, keys that
    are not), the part of the query's picture that counts (cells, row and column; none for all of
    it), and what is shown: its neighbours, matches of a text, or favourites.
    """

    query: object
    liked: tuple = ()
    unliked: tuple = ()
    part: tuple = ()
    showing: str = NEIGHBOURS
    text: str = ""

    def neighbours(self, **changes):
        """Return the step to the neighbours of this query, with changes."""
        return replace(self, **{"showing": NEIGHBOURS, "text": ""} | changes)

    def weigh(self, key, liked):
        """Return the step with a key more to be liked (or not), or no longer, if it was so."""
        baskets = {"liked": self.liked, "unliked": self.unliked}
        chosen = "liked" if liked else "unliked"
        was = key in baskets[chosen]
        baskets = {name: tuple(k for k in keys if k != key) for name, keys in baskets.items()}
        if not was:
            baskets[chosen] += (key,)
        return self.neighbours(**baskets)


class Way:
    """Steps, and which of them holds now."""

    def __init__(self):
        self._steps, self._position = [], -1

    @property
    def now(self):
        """The step that holds now, or None before the first."""
        return self._steps[self._position] if self._steps else None

    def ahead(self, steps):
        """Return the step that many steps ahead (or back, if negative), or None."""
        position = self._position + steps
        return self._steps[position] if 0 <= position < len(self._steps) else None

    def move(self, steps):
        """Go to a step that exists."""
        self._position += steps

    def go_on(self, step, instead=False):
        """Take a step, perhaps instead of the one that holds; what was ahead is forgotten."""
        self._steps[self._position + (not instead) :] = [step]
        del self._steps[:-_LONGEST]
        self._position = len(self._steps) - 1
