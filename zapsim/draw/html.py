"""Write neighbours as HTML: a table that needs no other file, and parts of a card; and CSV.

In: pictures (RGB arrays, or None where one could not be read), and texts that came from file
names and metadata. Out: HTML and CSV (str) in which every text is escaped, so that whatever a
file is called is shown and never run. The edge rule: a front end reads mathematics between dollars,
so HTML goes to a notebook through `shown`, or within `no_maths`.
"""

import base64
import math
import re
from html import escape

import pandas as pd

from zapsim.checks import printable
from zapsim.io.squares import thumbnail

__all__ = [
    "card_html",
    "cards_html",
    "csv_text",
    "data_link",
    "exported",
    "facts_html",
    "gallery_html",
    "harmless",
    "html_page",
    "html_table",
    "no_maths",
    "picture_html",
    "score_html",
    "shown",
    "spoken",
    "status_html",
    "with_pictures",
]

# Where a name in CamelCase or snake_case goes on with another word.
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\s]+")
# Where a spreadsheet sees a cell begin; what it passes over there; what makes it a formula, in all
# widths. A cell of nothing but numbers is none. An apostrophe gets another, so that no two texts
# become the same. `page/files.js` has the same.
_BEGINS = r"[,;|\t\n\v\f\r\x85\u2028\u2029]"
_PASSED = (
    r"[\0-\x08\x0e-\x20\x7f-\x84\x86-\xa0\xad\u061c\u180e\u2000-\u200f\u202a-\u202f"
    r"\u205f-\u206f\u3000\ufeff\"']*"
)
_SIGNS = "[=+\\-@＝＋－＠﹦﹢﹣﹫]"
_FORMULA = re.compile(rf"(?:^|{_BEGINS})(?={_PASSED}{_SIGNS})")
_BREAK = re.compile(r"'*[\t\n\r]")
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:; ?{_NUMBER})*", re.ASCII)
_CARD = "border: 1px solid rgba(128, 128, 128, 0.35); border-radius: 8px; padding: 6px"
_FRAMED = "border: 3px solid #0072B2; border-radius: 10px; padding: 8px"


def with_pictures(catalogue, found):
    """Return (rank, score, picture, name) of each row of a table with rank, key and score."""
    look, name = catalogue.picture_or_none, catalogue.caption
    return [
        (rank, score, look(key), name(key))
        for rank, key, score in found[["rank", "key", "score"]].itertuples(index=False)
    ]


def html_table(query, neighbours, caption):
    """Write a query and what `with_pictures` returns as a table.

    The query is (picture, name), or a list of (role, picture, name) where it has several parts.
    """
    queries = query if isinstance(query, list) else [("query", *query)]
    rows = [(role, "", *shown) for role, *shown in queries]
    rows += [(f"#{rank}", score_html(score), *shown) for rank, score, *shown in neighbours]
    body = "".join(
        f'<tr><th scope="row">{rank}</th><td>{picture_html(picture, name)}</td><td>{score}</td>'
        f"<td>{escape(name)}</td></tr>"
        for rank, score, picture, name in rows
    )
    titles = ("rank", "picture", "score", "name")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def html_page(title, body):
    """Write a whole page around HTML; it names its encoding, so that every letter is shown."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>body {{ font-family: sans-serif }} "
        "td, th { padding: 4px 12px; text-align: left }</style></head>"
        f"<body>{body}</body></html>"
    )


def shown(html):
    """Return HTML as a notebook shows it (IPython.display.HTML), without mathematics."""
    from IPython.display import HTML

    return HTML(no_maths(html))


def no_maths(html, tag="div"):
    """Write HTML in which MathJax, of version 2 or 3, leaves every text as it is."""
    return f'<{tag} class="tex2jax_ignore mathjax_ignore">{html}</{tag}>'


def gallery_html(query, neighbours):
    """Write what `html_table` takes as cards."""
    cards = [card_html(*query, escape(query[1]), 200, _FRAMED)]
    cards += [
        card_html(picture, name, f"<b>#{rank}</b> &nbsp;{score_html(score)}{escape(name)}")
        for rank, score, picture, name in neighbours
    ]
    return cards_html(cards)


def cards_html(cards):
    """Write cards beside each other; what does not fit goes below."""
    return f'<div style="display: flex; flex-wrap: wrap; gap: 8px">{"".join(cards)}</div>'


def card_html(picture, name, below, size=136, look=_CARD):
    """Write a picture, with HTML below it, inside a frame."""
    return (
        f'<div style="{look}; width: {size}px">{picture_html(picture, name, size)}<br>{below}</div>'
    )


def picture_html(picture, name, size=136):
    """Write a picture as ``<img>`` with its name as alternative text, or say it can't be read."""
    if picture is None:
        return "cannot be read"
    data = base64.b64encode(thumbnail(picture, size)).decode()
    return (
        f'<img alt="{escape(name)}" width="{size}" height="{size}" '
        f'src="data:image/jpeg;base64,{data}">'
    )


def score_html(score):
    """Write a score as a number over a bar, full at 1; nothing where there is none (NaN)."""
    if math.isnan(score):
        return ""
    return (
        f"{score:.3f}"
        '<div style="background: rgba(128, 128, 128, 0.3); height: 5px; min-width: 60px; '
        'margin: 2px 0 4px">'
        f'<div style="background: #0072B2; height: 5px; width: {max(score, 0):.1%}"></div></div>'
    )


def spoken(column):
    """Write a column's name as people do, not escaped.

    Examples
    --------
    >>> [spoken(name) for name in ("HeelHeight", "toe_style", "CID", "PriceEUR")]
    ['Heel height', 'Toe style', 'CID', 'Price EUR']
    """
    words = [word for word in _WORDS.split(str(column)) if word]
    said = " ".join(word if word.isupper() else word.lower() for word in words)
    return said[:1].upper() + said[1:]


def facts_html(facts):
    """Write what is known about an item (dict of column to value) as a list."""
    rows = "".join(
        f'<div><span style="opacity: 0.7">{escape(spoken(name))}</span>&nbsp; '
        f"{escape(str(value).replace(';', ', '))}</div>"
        for name, value in facts.items()
    )
    return f'<div style="line-height: 1.5; overflow-wrap: anywhere">{rows}</div>'


def status_html(text, wrong=False):
    """Write a message so that screen readers speak it; an error gets a mark at its left."""
    look = "line-height: 1.4; overflow-wrap: anywhere"
    if wrong:
        # No colour of the letters: it would have to be readable on dark themes, too.
        look += "; border-left: 5px solid #D55E00; padding-left: 8px; font-weight: bold"
    said = escape(printable(text))
    return f'<div role="status" aria-live="polite" title="{said}" style="{look}">{said}</div>'


def data_link(name, mime, text):
    """Write a link that saves a text under a name, without any server."""
    # Spreadsheets read a CSV as UTF-8 only if it begins with this mark.
    encoded = base64.b64encode(text.encode("utf-8-sig")).decode()
    return (
        f'<a download="{escape(name)}" style="text-decoration: underline" '
        f'href="data:{mime};base64,{encoded}">{escape(name)}</a>'
    )


def csv_text(table):
    """Write a table without its index as CSV (str) without any formula that a spreadsheet runs.

    What looks like one gets an apostrophe before it, see `harmless`, in the header, too.
    """
    table = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            table.isetitem(place, table.iloc[:, place].map(harmless))
    # As RFC 4180 says; only with it is a lone carriage return in a cell quoted, and starts no row.
    return table.rename(columns=harmless).to_csv(index=False, lineterminator="\r\n")


def exported(keys):
    """Return those keys that `harmless` changes, by what it makes of them (dict of str to str)."""
    return {written: key for key in keys if (written := harmless(key)) != key}


def harmless(cell):
    """Return a text with an apostrophe before all that a spreadsheet could run, else as it is.

    A program with another separator cuts a cell in pieces, so those that would follow one count,
    too. ``csvText`` in ``page/files.js`` does the same.

    Examples
    --------
    >>> harmless("Boots;=HYPERLINK(1)"), harmless("-0.5"), harmless("A-B = C")
    ("Boots;'=HYPERLINK(1)", '-0.5', 'A-B = C')
    """
    if not isinstance(cell, str) or _NUMBERS.fullmatch(cell):
        return cell
    cell = _FORMULA.sub(r"\g<0>'", cell)
    return f"'{cell}" if _BREAK.match(cell) else cell
