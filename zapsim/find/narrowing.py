"""Narrow a catalogue for people: by filters and by words.

In: what has a `catalogue`, and a `table` of the items that can be found. Out: keys, and what can be
chosen, with counts. The edge rule: what nothing matches is empty, not an error; a column or a
value that does not exist is one.
"""

from collections import Counter
from functools import cached_property

from zapsim.checks import check_type, checked_whole
from zapsim.find.filters import Filters
from zapsim.find.words import Words

__all__ = ["Narrowed"]


class Narrowed:
    """A base for what has ``catalogue`` and ``table``; both indexes are built when first used."""

    def matching(self, where=None):
        """Return the keys of the items that match filters, given as in `similar`."""
        return self.table.index[self._filters.matching(where)]

    def values_of(self, column, where=None):
        """Count the items that have each value of a column, under the filters of other columns.

        Returns all its values, in alphabetical order, those that the filters (as in `similar`)
        leave no item of with 0 (dict of str to int). A filter of the column itself does not count:
        it is what could be chosen instead. Errors as in `similar`.
        """
        return self._filters.counts(column, where)

    def best_filters(self, n=None):
        """List the n columns that divide the items best, by default all that divide them.

        The best first: by the entropy of their values, times the share of items that have one.
        Left out are identifiers, columns of one value or of over 2,000, and those whose values
        are shared by fewer than two items on average.
        """
        return self._filters.best(n)

    def search(self, text, where=None):
        """Find the items that match all words of a text, in captions, keys and every column.

        Parameters
        ----------
        text : str
            Words in any order. Upper and lower case, accents and punctuation make no difference.
            A word matches words that begin with it, its English singular and plural, and, where
            no word at all begins with it, those that contain it. The first 20 words count.
        where : dict, optional
            Filters as in `similar`.

        Returns
        -------
        pandas.Index
            Keys, the best match first: the item of exactly this key; those with more of the words
            as a whole; those with more of them in caption or key; then in the table's order. None
            for a text without words.
        """
        check_type(text, str, "text must be what to search for, such as 'boots women'.")
        rows = self._words.search(text)
        return self.table.index[rows[self._filters.matching(where)[rows]]]

    def suggest(self, text, n=10):
        """Complete what is typed into a search: dict of at most n texts to numbers of items.

        Values of the columns that divide the items best come first, frequent ones first; then
        products' numbers, then captions. Each number says how many items `search` finds.
        """
        check_type(text, str, "text must be what to search for, such as 'boots women'.")
        n = checked_whole("n", n)
        return self._words.suggest(text, n)

    @cached_property
    def _filters(self):
        return Filters(self.table, self.catalogue.identifiers)

    @cached_property
    def _words(self):
        counts = map(self._filters.counts, self._filters.best())
        values = [dict(sum(map(Counter, counts), Counter()))]
        if "Product" in self.table:
            # Hardly any value is shared: counting is faster than an index as filters have it.
            values.append(self.table["Product"].value_counts().sort_index().to_dict())
        return Words(self.table, self.catalogue.captions.loc[self.table.index], values)
