"""Say in words what a browsing session asks for, and what is shown for it.

In: a `BrowserState`. Out: texts for people, not escaped: the status line, an export's caption, and
a chip for each choice that can be taken away alone.
"""

from functools import partial

from zapsim.draw.html import spoken
from zapsim.widgets.steps import FAVOURITES, MATCHES

__all__ = ["asked", "cell_name", "chips", "summary"]

_NAMES = ("upper", "lower"), ("left", "right")


def summary(state):
    """Say what is shown, and why it is less than was asked for."""
    shown, total = len(state.neighbours()), len(state.keys)
    showing = state.step.showing
    if showing == FAVOURITES:
        return _favourites(state, shown, total)
    if showing == MATCHES:
        return _matches(state, shown, total)
    if not shown:
        return _why_none(state)
    few = f" ({state.k} asked for; no more match the filters)" if shown < state.k else ""
    return f"{shown} {'neighbour' if shown == 1 else 'neighbours'} of {asked(state)}{few}"


def _why_none(state):
    if state.where:
        return "No item matches these filters. Take one away."
    if state.hide_colourways:
        return "There are only other colourways of this product, and they are hidden."
    return "There is no other item."


def _matches(state, shown, total):
    text = state.step.text
    if not total and state.where and len(state.predictor.search(text)):
        return f"Nothing matches {text!r} under these filters. Take one away."
    if not total:
        return f"Nothing matches {text!r}. Fewer or shorter words find more."
    some = f"{shown} of {total:,}" if total > shown else f"{total:,}"
    matches = "matches" if total == 1 else "match"
    return f"{some} {'item' if total == 1 else 'items'} {matches} {text!r}. Click one to search."


def _favourites(state, shown, total):
    kept = len(state.favourites)
    if not kept:
        return "No favourites yet: ☆ on a card keeps one. Or load those you exported before."
    if not total:
        return f"No favourite of {kept:,} matches the filters. Take one away."
    some = f"{shown} of {kept:,}" if shown < kept else f"{kept:,}"
    return (
        f"{some} {'favourite' if kept == 1 else 'favourites'}. Export saves them as CSV and HTML."
    )


def asked(state):
    """Say what neighbours are sought of: the query, the basket, the part."""
    name, step = state.catalogue.caption, state.step
    said = state.name
    if step.liked:
        said += f", more like {_listed(map(name, step.liked))}"
    if step.unliked:
        said += f", less like {_listed(map(name, step.unliked))}"
    if step.part:
        said += f", by its {_listed(cell_name(state.grid_side, cell) for cell in step.part)} only"
    return said


def _listed(names):
    return " and ".join(names)


def cell_name(side, cell):
    """Name a cell (row, column) of a grid with `side` rows and columns."""
    if side == 2:
        return " ".join(names[number] for names, number in zip(_NAMES, cell, strict=True))
    return f"row {cell[0] + 1}, column {cell[1] + 1}"


def chips(state):
    """List what can be taken away alone: (words, whole text, method that does it).

    Filters first, then the basket, then the part.
    """
    name, step = state.catalogue.caption, state.step
    found = [
        (value, f"{spoken(column)}: {value}", partial(state.toggle_filter, column, value))
        for column, values in state.where.items()
        for value in values
    ]
    for sign, kind, keys, weigh in (
        ("+", "More", step.liked, state.more_like),
        ("−", "Less", step.unliked, state.less_like),
    ):
        found += [
            (f"{sign} {name(key)}", f"{kind} like {name(key)}", partial(weigh, key)) for key in keys
        ]
    for cell in step.part:
        words = cell_name(state.grid_side, cell).capitalize()
        found.append((words, f"Only the {words.lower()} counts", partial(state.toggle_cell, cell)))
    return found
