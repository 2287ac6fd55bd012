"""Write what a browsing session shows as files to take away.

In: a `BrowserState`. Out: HTML and CSV (str); every text in them is escaped, and no spreadsheet
runs any. The edge rule: of a long list, each holds the first items, and the links say how many.
"""

from zapsim.draw.html import csv_text, data_link, html_page, html_table, spoken
from zapsim.widgets.sentences import asked
from zapsim.widgets.steps import FAVOURITES, NEIGHBOURS

__all__ = ["csv_of", "export_links", "html_of"]

# Pictures are inside: about 5 kB each.
_MOST_PICTURES = 500
# Both come as links in one message, a third longer; `make app` closes a page to which more than
# 10 MB are sent at once, see `tools/voila.py`.
_MOST_BYTES = 2_500_000


def export_links(state):
    """Write links (HTML) that save what is shown as a page and as a table."""
    name, table, links = state.step.showing, state.table(), []
    for suffix, mime, write in (("html", "text/html", _html), ("csv", "text/csv", _csv)):
        text, n = write(state, table)
        cut = f" (the first {n:,} of {len(table):,})" if n < len(table) else ""
        links.append(f"{data_link(f'{name}.{suffix}', mime, text)}{cut}")
    return f"Save {' or '.join(links)}"


def csv_of(state):
    """Write the neighbours, matches or favourites as CSV, with their keys and metadata."""
    return _csv(state, state.table())[0]


def html_of(state):
    """Write what is shown as an HTML page with pictures and alternative texts."""
    return _html(state, state.table())[0]


def _csv(_, table):
    return _fitting(csv_text, table)


def _html(state, table):
    def write(some):
        shown = state.predictor.with_pictures(some)
        body = html_table(_queries(state), shown, _title(state, len(some)))
        return html_page("You may also like…", body)

    return _fitting(write, table.head(_MOST_PICTURES))


def _fitting(write, table):
    """Return what is written of a table's first rows, as many as fit, and their number."""
    n = len(table)
    while (size := len((text := write(table.head(n))).encode())) > _MOST_BYTES and n > 1:
        n = max(1, min(n - 1, int(0.99 * n * _MOST_BYTES / size)))
    return text, n


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
