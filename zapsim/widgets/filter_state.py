"""Keep what a catalogue is narrowed by, and what it could be narrowed by next.

In: a `SimilarityPredictor`, and columns. Out: filters as `SimilarityPredictor.similar` takes them,
and for each column on offer its values with how many items have them under the filters of the
others. The edge rule: a value that no item has under these is not on offer, unless it is chosen.
"""

from zapsim.checks import check_choice, check_list
from zapsim.keys import composed

__all__ = ["OFFERED", "FilterState"]

OFFERED = 6


class FilterState:
    """Filters chosen, and columns on offer.

    Attributes
    ----------
    where : dict of str to list of str
        Column -> values, of which one must match.
    columns : list of str
        All that can be offered, in the catalogue's order.
    offered : list of str
        Up to `OFFERED` of them: at first, those that divide the items best.
    """

    def __init__(self, predictor, columns=None):
        self._predictor, self.where = predictor, {}
        if columns is None:
            best = predictor.best_filters()
        else:
            check_list("filters", columns, "['Category', 'Brand']")
            for column in columns:
                predictor.values_of(column)
            best = list(dict.fromkeys(columns))
        self.columns = best if columns is not None else self._sorted(best)
        self.offered = [column for column in self.columns if column in best[:OFFERED]]

    def _sorted(self, columns):
        return [column for column in self._predictor.table if column in columns]

    @property
    def others(self):
        """Columns that are not on offer now (list of str)."""
        return [column for column in self.columns if column not in self.offered]

    def offer(self, column):
        """Offer another column, instead of the last one that nothing is chosen of."""
        if column not in self.others:
            raise ValueError(f"{column!r} cannot be offered. Others are: {', '.join(self.others)}.")
        free = [name for name in self.offered if name not in self.where]
        if not free:
            raise ValueError("All filters on offer are in use. Take one away first.")
        self.offered = [column if name == free[-1] else name for name in self.offered]

    def with_values(self, column, values):
        """Return the filters with a column's value or list of values; none lifts it."""
        values = [values] if isinstance(values, str) else () if values is None else values
        check_list("values", values, "['Boots', 'Shoes']", empty=True)
        texts = [composed(str(value)) for value in values]
        where = self.where | {self._known(column): [text for text in texts if text]}
        return {name: kept for name, kept in where.items() if kept}

    def toggled(self, column, value):
        """Return the filters with one more value of a column, or one less."""
        values, value = self.where.get(self._known(column), []), composed(str(value))
        others = [each for each in values if each != value]
        return self.with_values(column, others if value in values else [*values, value])

    def _known(self, column):
        column = composed(column)
        check_choice("column", column, self._predictor.table.columns, KeyError)
        return column

    def values(self, column):
        """Return a column's values and how many items have each (dict of str to int)."""
        chosen = self.where.get(column, ())
        counts = self._predictor.values_of(column, self.where)
        return {value: n for value, n in counts.items() if n or value in chosen}
