"""Write what a browsing session shows as files to take away.

In: a `BrowserState`. Out: HTML and CSV (str); every text in them is escaped, and no spreadsheet
runs any. The edge rule: the CSV holds all of a list, the page the first items, and says so.
"""

from zapsim.draw.html import csv_text, html_page, html_table, spoken
from zapsim.widgets.sentences import asked
from zapsim.widgets.steps import FAVOURITES, NEIGHBOURS

__all__ = ["csv_of", "html_of"]

# Pictures are inside: about 5 kB each.
_MOST_PICTURES = 500


def csv_of(state):
    """Write all of the neighbours, matches or favourites as CSV, with their keys and metadata."""
    return csv_text(state.table())


def html_of(state):
    """Write what is shown as an HTML page with pictures and alternative texts."""
    table = state.table().head(_MOST_PICTURES)
    shown = state.predictor.with_pictures(table)
    body = html_table(_queries(state), shown, _title(state, len(table)))
    return html_page("You may also like…", body)


def _queries(state):
    step, catalogue = state.step, state.catalogue
    if step.showing != NEIGHBOURS:
        return []
    basket = [("more like", key) for key in step.liked] + [("less like", k) for k in step.unliked]
    pictured = [(role, catalogue.picture_or_none(k), catalogue.caption(k)) for role, k in basket]
    return [("query", state.picture(), state.name), *pictured]


def _title(state, n):
    step, total = state.step, len(state.keys)
    some = f"{n:,} of {total:,}" if n < total else f"{total:,}"
    if step.showing == NEIGHBOURS:
        title = f"You may also like… Neighbours of {asked(state)}"
    else:
        listed = "favourites" if step.showing == FAVOURITES else f"matches of {step.text!r}"
        title = f"{some} {listed}"
    chosen = [f"{spoken(column)}: {' or '.join(values)}" for column, values in state.where.items()]
    return f"{title} ({'; '.join(chosen)})" if chosen else title
