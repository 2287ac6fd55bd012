"""Names that want to be more than names, at every place that shows one.

In: payloads, each of which is the name of a folder, of files, of a column, and of cells, of a small
catalogue. Out: cases: for each payload a walk through all that zapsim offers, which looks at what
comes out: HTML, widgets, figures, lines, errors, pages and CSV; and for each odd value a walk that
gives it as every argument. The edge rule: the walk finds functions, methods and parameters by
itself; a parameter that it has no value for is a finding, so that nothing new is forgotten.

Not looked at: the text of pandas' own tables, and mathematics in them, which pandas' option
``display.html.use_mathjax`` forbids: it is the user's.
"""

import base64
import csv
import inspect
import re
import traceback
import unicodedata
import warnings
from contextlib import chdir
from functools import cache, cached_property
from html.parser import HTMLParser
from importlib import import_module
from io import BytesIO, StringIO
from pathlib import Path, PurePath

import ipywidgets as widgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageDraw

import zapsim
from tests.hostile.attack import Case, Fired, Unnamed
from zapsim.widgets.browser_state import BrowserState
from zapsim.widgets.export import csv_of

MARK = "zq7"
_HOOK = "window.fired=1"
PAYLOADS = {
    "plain": "Plain name",
    "script": f"<script>{_HOOK}</script>",
    "end of script": f"</script><script>{_HOOK}</script>",
    "end of title": f"</title></textarea><script>{_HOOK}</script>",
    "end of comment": f"--><script>{_HOOK}</script><!--",
    "comment": "<!-- ",
    "event handler": f"<img src=x onerror={_HOOK}>",
    "svg": f"<svg/onload={_HOOK}>",
    "details": f"<details open ontoggle={_HOOK}>",
    "double quote": f'" onmouseover="{_HOOK}" x="',
    "single quote": f"' onmouseover='{_HOOK}' x='",
    "unclosed tag": "<b onclick=",
    "entity": "&lt;script&gt;&#x27;&quot;&amp",
    "data address": "data:text/html,<script>parent.fired=1</script>",
    "css": "</style>}*{background:url(//evil)}expression(alert(1))",
    "template literal": "${window.fired=1}`",
    "jinja": "{{ 7*7 }}{% raw %}{# #}",
    "dollars": "from $10 to $20",
    "latex": "$x^2$ $\\href{javascript:window.fired=1}{x}$",
    "latex display": "$$\\frac{1}{2}$$",
    "latex brackets": "\\(x\\) \\[y\\] \\begin{align}z\\end{align}",
    "bad latex": "$\\frac{1$",
    "markdown": "[x](javascript:window.fired=1) ![y](z) **b** `c` # h | t |",
    "ansi": "\x1b[31m\x1b]0;title\x07\x1b[2J",
    "c1": "\x9b31m\x85",
    "backspaces": "good\x08\x08\x08\x08evil\r",
    "lines": "a\nb\r\nc\td\u2028e\u2029",
    "bidi": "\u202egpj.exe\u2066\u2067\u202d",
    "zero width": "\u200b\u200d\ufeff\u2060",
    "nul": "a\0b",
    "surrogates": "\udcff\udc80",
    "lone surrogate": "\ud83d",
    "formula": "=HYPERLINK(1)",
    "formula plus": "+1+cmd",
    "formula minus": "-2+3",
    "formula at": "@SUM(1)",
    "formula tab": "\t=1+1",
    "formula return": "\r=1+1",
    "formula wide": "\uff1d1+1",
    "formula behind": "a;=1+1,=2\t=3|=4\n=5;\"=6; \ufeff\u200b=7;\uff0b8",
    "sql": "'; DROP TABLE items; --",
    "path": "../../etc/passwd",
    "windows path": "C:\\..\\con\\nul",
    "percent": "%s%n%(x)s%00{0}{x!r}",
    "glob": "*?[a]{b}~",
    "shell": "$(touch fired)`touch fired`;&",
    "long": "W" * 255,
    "long wide": "\U0001f45f" * 63,
    "scripts": "עברית العربية हिन्दी ไทย 中文 한국어 Ελληνικά Zalgo\u0301\u0302\u0303\u0327",
    "nothing": " ",
    "none": "None",
    "nan": "nan",
    "proto": "__proto__",
}  # fmt: skip


class Shop:
    """A small catalogue, all of whose names are a payload, and what is asked about it."""

    def __init__(self, text, folder, columns=None):
        self.text, self.folder = text, folder
        # Halves of letters in tables are tried by the area metadata.
        self.said = said = text.encode("utf-8", "replace").decode()
        name = _file_name(text)
        # A catalogue is called by its folder.
        self.root = folder / name
        files = [*(f"{100 + number // 2}.{number}" for number in range(5)), name]
        brands = [name, "Bostonian"] * 3
        self.keys = [f"Shoes/{brand}/{file}.jpg" for brand, file in zip(brands, files, strict=True)]
        for number, key in enumerate(self.keys):
            path = self.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_picture(number))
        (self.root / "broken.jpg").write_bytes(b"damaged")
        (self.root / f"{name[:99]}.heic").write_bytes(b"")
        cells = [said, f"{said};Zip", f"Boots;{said}", "plain", "plain", said]
        self.metadata = pd.DataFrame(
            {"key": self.keys, "Title": said, "Closure": cells, said: cells}
        )
        if columns is not None:
            rows = [[f"{cell} {row // 2}" for cell in cells[: len(columns)]] for row in range(6)]
            more = pd.DataFrame(rows, columns=pd.Index(columns, dtype=object))
            self.metadata = pd.concat([self.metadata, more], axis=1)

    @cached_property
    def catalogue(self):
        """The catalogue of what can be read."""
        whole = zapsim.load_catalogue(self.root, self.metadata)
        return whole.subset([key for key in whole.keys if key != "broken.jpg"])

    @cached_property
    def features(self):
        """Features of a real network, whose cells can be chosen and explained."""
        return _extractor().extract(self.catalogue)

    @cached_property
    def predictor(self):
        """What recommends."""
        return zapsim.SimilarityPredictor(self.catalogue, self.features, _extractor())

    @cached_property
    def neighbours(self):
        """Each item's two nearest."""
        return zapsim.top_k(self.features, k=2)

    @cached_property
    def state(self):
        """Of a browser, with the payload as a word, a filter and a picture's name."""
        state = BrowserState(self.predictor, self.catalogue.keys[0])
        state.show_own(_picture(1), self.text)
        state.more_like(self.catalogue.keys[1])
        return state

    @cached_property
    def column(self):
        """The column that is called by the payload, as the catalogue spells it."""
        usual = {"Category", "SubCategory", "Brand", "Product", "Colourway", "CID", "Title"}
        return next((c for c in self.catalogue.table if c not in {*usual, "Closure"}), "Closure")

    @property
    def labels(self):
        """A value for each item."""
        return self.catalogue.table["Closure"].fillna("none")

    @property
    def parts(self):
        """Features of two kinds."""
        return {
            self.said: self.features,
            "other": zapsim.baseline_features(self.catalogue)["raw pixels"],
        }


def all_at_once(folder):
    """Return a predictor in which each item, its folder, cells and column are called by a payload.

    So every payload can be seen in a browser at once.
    """
    said = [text.encode("utf-8", "replace").decode() for text in PAYLOADS.values()]
    # What no file can be called is left of some: a number tells them apart.
    names = [f"{_file_name(text)}{number}" for number, text in enumerate(PAYLOADS.values())]
    keys = [f"Shoes/{name}/{name}.jpg" for name in names]
    for number, key in enumerate(keys):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_picture(number % 6))
    columns = {text: said[number:] + said[:number] for number, text in enumerate(said)}
    metadata = pd.DataFrame({"key": keys, "Title": said, **columns})
    features = np.random.default_rng(0).random((len(keys), 8), np.float32)
    return zapsim.SimilarityPredictor(
        zapsim.load_catalogue(folder, metadata), pd.DataFrame(features, pd.Index(keys, name="key"))
    )


@cache
def _extractor():
    return zapsim.VGG16Extractor()


@cache
def _picture(number):
    image = Image.new("RGB", (40, 32), "white")
    ImageDraw.Draw(image).ellipse(
        [4, 4, 30, 20 + number], fill=(30 * number, 90, 200 - 30 * number)
    )
    buffer = BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def _file_name(text):
    """Return a text as a file could be called, as far as one can."""
    name = text.encode("utf-8", "ignore").decode().replace("/", "\u2215").replace("\0", "")
    name = name.replace("..", "__").strip()
    while len(name.encode()) > 240 - len(MARK):
        name = name[:-1]
    return name.rstrip().lstrip(".") + MARK


# By parameter, or by function and parameter. All that can be given is given.
ARGUMENTS = {
    "catalogue": lambda s: s.catalogue,
    "shown": lambda s: s.catalogue,
    "features": lambda s: s.features,
    "one": lambda s: s.neighbours,
    "other": lambda s: s.neighbours,
    "scorecard.features": lambda s: {s.said: s.features, "other": s.features},
    "predictor": lambda s: s.predictor,
    "neighbours": lambda s: s.neighbours,
    "others": lambda s: s.neighbours,
    "labels": lambda s: s.labels,
    "state": lambda s: s.state,
    "key": lambda s: s.catalogue.keys[0],
    "query": lambda s: s.catalogue.keys[0],
    "neighbour": lambda s: s.catalogue.keys[1],
    "keys": lambda s: list(s.catalogue.keys[:4]),
    "load_vectors.keys": lambda s: list(s.catalogue.keys),
    "unlike": lambda s: [s.catalogue.keys[2]],
    "plot_side_by_side.rows": lambda s: {s.said: s.predictor, "other": s.predictor},
    "where": lambda s: {s.column: list(s.predictor.values_of(s.column))[:2]} if s.column else None,
    "filters": lambda s: [s.column],
    "column": lambda s: s.column,
    "label": lambda s: s.column,
    "value": lambda s: next(iter(s.predictor.values_of(s.column))),
    "values": lambda s: list(s.predictor.values_of(s.column))[:1],
    "text": lambda s: s.text,
    "title": lambda s: s.text,
    "path": lambda s: s.folder / "made" / f"{_file_name(s.text)[-40:]}",
    "page.path": lambda s: s.folder / "made" / f"{_file_name(s.text)[-40:]}.html",
    "save_matrix.path": lambda s: s.folder / "matrix",
    "load_matrix.path": lambda s: _made(
        s, "matrix", zapsim.save_matrix, zapsim.similarity_matrix(s.features)
    ),
    "load_neighbours.path": lambda s: _made(s, "near", zapsim.save_neighbours, s.neighbours),
    "matrix": lambda s: zapsim.similarity_matrix(s.features),
    "found": lambda s: s.predictor.similar(s.catalogue.keys[0], 2),
    "picture": lambda s: _picture(1),
    "square.picture": lambda s: np.zeros((32, 40, 3), np.uint8),
    "Grid.picture": lambda s: np.zeros((32, 40, 3), np.uint8),
    "cells": lambda s: [(0, 0)],
    "liked": lambda s: True,
    "pictures": lambda s: s.catalogue,
    "squares": lambda s: np.zeros((1, 128, 128, 3), np.uint8),
    "data": lambda s: _picture(1),
    "Favourites.load.data": lambda s: csv_of(s.state).encode("utf-8", "replace"),
    "load_favourites.data": lambda s: csv_of(s.state).encode("utf-8", "replace"),
    "load_catalogue.source": lambda s: s.root,
    "load_picture.source": lambda s: _picture(1),
    "load.source": lambda s: _picture(1),
    "load_vectors.source": lambda s: s.features.to_numpy(),
    "metadata": lambda s: s.metadata,
    "name": lambda s: s.text,
    "tutor.name": lambda s: "04-2",
    "question.name": lambda s: "04-a",
    "question.answer": lambda s: "a",
    "set_amount.name": lambda s: s.said,
    "amount": lambda s: 0.5,
    "answer": lambda s: s.text,
    "choice": lambda s: "a",
    "number": lambda s: "04",
    "kind": lambda s: [s.column],
    "parts": lambda s: s.parts,
    "cuts": lambda s: {s.said: s.features, "other": s.features},
    "card": lambda s: zapsim.scorecard({s.said: s.features, "b": s.features}, s.labels, k=2),
    "plot_confusion.shares": lambda s: zapsim.confusion(s.neighbours, s.labels),
    "duplicates": lambda s: zapsim.near_duplicates(s.catalogue, s.features, threshold=0.9),
    "places": lambda s: zapsim.map_catalogue(s.features, "PCA"),
    "changes": lambda s: {s.said: lambda picture: picture[:, ::-1]},
    "settings": lambda s: _extractor().settings,
    "read": lambda s: s.catalogue.read,
    "treatment": lambda s: s.text,
    "cell": lambda s: (0, 0),
    "part": lambda s: "top",
    "hide": lambda s: True,
    "mine": lambda s: s.catalogue,
    "columns": lambda s: None,
    "fitting.columns": lambda s: [s.text, s.column],
    "k": lambda s: 2,
    "diversity": lambda s: 0.5,
    "n": lambda s: 2,
    "load_features.store": lambda s: _stored(s),
    "store": lambda s: None,
}


def _made(shop, name, write, value):
    write(value, shop.folder / name)
    return shop.folder / name


def _stored(shop):
    _extractor().extract(shop.catalogue, cache=shop.folder / "store")
    return shop.folder / "store"


# What is not walked, and why.
LEFT_OUT = {
    "KerasExtractor": "needs a model of Keras",
    "VGG16Extractor": "is made with settings only",
    "shape_colour_texture": "loads TensorFlow",
    "extract_cuts": "loads TensorFlow",
    "fetch_zappos": "needs the network",
    "stage": "is for Colab's machine",
    "load_comparisons": "reads UT-Zappos50K's files, see mat",
    "load_or_extract": "extracts, as extract does",
    "model": "loads TensorFlow",
    "maps": "loads TensorFlow",
    "cut_at": "loads TensorFlow",
    "network_of": "loads TensorFlow",
    "attribute_accuracy": "needs hundreds of pairs",
    "attribute_questions": "needs hundreds of pairs",
    "offer": "needs more columns than are on offer",
    "with_reader": "takes functions of the user's",
}
# Beside zapsim's own names, what notebooks call.
MODULES = ("course.tutor", "course.own_pictures", "judge.people", "kinds.blend", "widgets.export")
# The browser's own parts: their widgets are walked.
PARTS = ("cards", "panels", "search_box")
# What a function may say that was asked for something that does not exist.
DOCUMENTED = (ValueError, TypeError, KeyError, FileNotFoundError, MemoryError)
DOCUMENTED += (zapsim.PictureError, zapsim.StoreError, zapsim.TransferError, zapsim.WeightsError)


def functions():
    """Yield the name of each public function, and the function."""
    for name in zapsim.__all__:
        yield name, getattr(zapsim, name)
    for module in MODULES:
        module = import_module(f"zapsim.{module}")
        for name in module.__all__:
            yield f"{module.__name__.rpartition('.')[2]}.{name}", getattr(module, name)


def methods(thing):
    """Yield name and value of each public attribute of a thing of zapsim's that is its own."""
    kind = type(thing)
    for name in dir(kind):
        found = inspect.getattr_static(kind, name)
        inner = getattr(found, "__func__", getattr(found, "fget", getattr(found, "func", found)))
        ours = (getattr(inner, "__module__", "") or "").startswith("zapsim")
        if ours and not name.startswith("_") and name not in LEFT_OUT:
            yield f"{kind.__name__}.{name}", getattr(thing, name)
    for name, value in vars(thing).items() if hasattr(thing, "__dict__") else ():
        if not name.startswith("_"):
            yield f"{kind.__name__}.{name}", value


def arguments(place, function, shop):
    """Return what to call a function with: a list, and a dict.

    A required parameter for which there is no argument is an `Unnamed`.
    """
    given, named = [], {}
    for parameter in inspect.signature(function).parameters.values():
        last = place.rpartition(".")[2]
        names = (f"{place}.{parameter.name}", f"{last}.{parameter.name}")
        names += (f"{place.partition('.')[0]}.{parameter.name}", parameter.name)
        make = next((ARGUMENTS[name] for name in names if name in ARGUMENTS), None)
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        if make is None:
            if (
                parameter.default is parameter.empty
                and parameter.kind is not parameter.VAR_POSITIONAL
            ):
                raise Unnamed(f"teach the walk the parameter {parameter.name!r} of {place}")
            continue
        if (value := make(shop)) is None and parameter.default is not parameter.empty:
            continue
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            given.append(value)
        else:
            named[parameter.name] = value
    return given, named


class Walk:
    """Calls all that is public, and looks at what comes out; `places` counts what was looked at."""

    def __init__(self, shop):
        self.shop, self.places, self._seen = shop, 0, set()

    def go(self):
        """Walk; the first finding is raised."""
        with chdir(self.shop.folder):
            for name, function in functions():
                if name.rpartition(".")[2] not in LEFT_OUT and callable(function):
                    self._enter(name, function)
            for thing in (self.shop.predictor, self.shop.catalogue, self.shop.state, _extractor()):
                self._look("given", thing)

    def _enter(self, place, function):
        if isinstance(function, type) and not issubclass(function, Exception):
            # Its instances are walked where they come from.
            return
        if not isinstance(function, type):
            self._call(place, function)

    def _call(self, place, function):
        given, named = arguments(place, function, self.shop)
        try:
            with _captured() as said:
                result = function(*given, **named)
                if inspect.isgenerator(result):
                    result = list(result)
        except DOCUMENTED as error:
            if self.shop.text == PAYLOADS["plain"] + MARK:
                raise
            check_error(place, error)
            result = None
        self._heard(place, said)
        self._look(place, result)

    def _heard(self, place, said):
        check_lines(f"{place}, printed", said.printed)
        check_lines(f"{place}, on stderr", said.errors.replace("\r", "\n"))
        for warning in said.warned:
            check_lines(f"{place}, a warning", str(warning.message))
        for bundle in said.shown:
            self._look_at_bundle(place, bundle)

    def _look(self, place, thing):
        """Look at what was returned, and walk what is of a new kind."""
        self.places += 1
        if isinstance(thing, Figure):
            return check_figure(place, thing)
        if isinstance(thing, widgets.Widget):
            self._look_at_widget(place, thing)
        elif isinstance(thing, str):
            self._look_at_text(place, thing)
        elif isinstance(thing, PurePath) and thing.suffix == ".html" and thing.is_file():
            check_html(place, thing.read_text(encoding="utf-8"), page=True)
        elif isinstance(thing, (pd.DataFrame, pd.Series, pd.Index)):
            self._look_at_table(place, thing)
        elif isinstance(thing, (tuple, list, dict)):
            for each in list(thing.values() if isinstance(thing, dict) else thing)[:5]:
                if not isinstance(each, str):
                    self._look(place, each)
        if type(thing).__module__.startswith(("zapsim.", "IPython.")):
            self._look_at_bundle(place, _bundle(thing))
            check_lines(
                f"str of {place}", f"{thing}" if type(thing).__str__ is object.__str__ else ""
            )
            self._walk(thing)

    def _walk(self, thing):
        kind = type(thing)
        module = kind.__module__
        if kind in self._seen or not module.startswith("zapsim.") or module.endswith(PARTS):
            return
        self._seen.add(kind)
        for name, value in list(methods(thing)):
            if inspect.isroutine(value) or inspect.isfunction(value):
                self._call(name, value)
            elif not isinstance(value, widgets.Widget):
                self._look(name, value)

    def _look_at_text(self, place, text):
        last = place.rpartition(".")[2]
        if last.startswith("csv"):
            check_csv(place, text)
        elif "html" in last:
            check_html(place, text)

    def _look_at_table(self, place, table):
        html = table._repr_html_() if hasattr(table, "_repr_html_") else ""
        # What pandas leaves to its option.
        check_html(place, html, maths=False)

    def _look_at_bundle(self, place, bundle):
        self.places += 1
        for kind, text in bundle.items():
            if kind == "text/html":
                check_html(place, text, maths=True)
            elif kind == "text/plain":
                check_lines(f"repr of {place}", text)
            elif kind.startswith("text/") and MARK in str(text):
                raise Unnamed(f"{place} shows {kind}: teach the walk to look at it")

    def _look_at_widget(self, place, widget):
        """Look at a widget's tree, then again after each of its controls was used."""
        self._look_at_tree(place, widget)
        for control in list(_tree(widget)):
            # A click may have taken others away.
            if control not in _tree(widget) or getattr(control, "disabled", False):
                continue
            with _captured() as said:
                use(control, self.shop.text)
            self._heard(place, said)
            self._look_at_tree(f"{place} after {type(control).__name__}", widget)

    def _look_at_tree(self, place, widget):
        for each in _tree(widget):
            self.places += 1
            check_widget(f"{place}, a {type(each).__name__}", each)


def use(control, text):
    """Do with a control what a person can."""
    if isinstance(control, widgets.Button):
        control.click()
    elif isinstance(control, widgets.Dropdown) and len(control.options) > 1:
        control.value = control.options[1][1]
    elif isinstance(control, widgets.Combobox):
        control.value = text
    elif isinstance(control, widgets.Checkbox):
        control.value = not control.value
    elif isinstance(control, widgets.FileUpload):
        data = b"key\r\n" if ".csv" in control.accept else _picture(2)
        file = {"name": text, "content": memoryview(data), "type": "", "size": len(data)}
        control.value = ({**file, "last_modified": pd.Timestamp(0, tz="UTC").to_pydatetime()},)
    elif isinstance(control, (widgets.IntSlider, widgets.FloatSlider)):
        control.value = control.max


def _tree(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _tree(child)


class _Said:
    """What a call printed, warned of and displayed."""

    def __init__(self):
        self.printed, self.errors, self.warned, self.shown = "", "", [], []


class _captured:
    """Hears all that a call says."""

    def __enter__(self):
        from IPython.utils.capture import capture_output

        _shell()
        self._output, self._caught = capture_output(), warnings.catch_warnings(record=True)
        self._heard, self._warned, self.said = (
            self._output.__enter__(),
            self._caught.__enter__(),
            _Said(),
        )
        warnings.simplefilter("always")
        return self.said

    def __exit__(self, *error):
        self._caught.__exit__(*error)
        self._output.__exit__(*error)
        self.said.printed, self.said.errors = self._heard.stdout, self._heard.stderr
        self.said.warned = self._warned
        self.said.shown = [output.data for output in self._heard.outputs]


@cache
def _shell():
    """Return a shell of IPython, without a history: without one, nothing is shown as HTML."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def _bundle(thing):
    return _shell().display_formatter.format(thing)[0]


# --- what comes out ------------------------------------------------------------------------------

# Attributes that hold texts, which no browser reads as anything else.
_TEXTS = {"alt", "title", "download", "aria-label", "content", "value", "placeholder"}
_ALONE = ("img", "br", "meta", "input", "link", "hr")
_MATHS = re.compile(r"\$|\\[(\[]|\\begin")


class _Looked(HTMLParser):
    """Reads HTML as a browser does, and raises `Fired` where a payload is more than a text."""

    def __init__(self, place, maths, page):
        super().__init__(convert_charrefs=True)
        self._place, self._maths, self._page, self._open = place, maths, page, []

    def _fired(self, what):
        raise Fired(f"{self._place}: {what}"[:400])

    def handle_starttag(self, tag, attrs):
        classes = (dict(attrs).get("class") or "").split()
        if tag not in _ALONE:
            self._open.append((tag, "mathjax_ignore" in classes, dict(attrs)))
        if MARK in tag:
            self._fired(f"an element {tag!r}")
        for name, value in attrs:
            if MARK in name or (MARK in (value or "") and name not in _TEXTS):
                self._fired(f"an attribute {name}={value!r} of {tag}")
            if name.startswith("on") or name == "srcdoc" or _HOOK in name:
                self._fired(f"a handler {name}={value!r} of {tag}")
            if name in ("href", "src") and not re.match(r"data:|thumbs/|#", value or ""):
                self._fired(f"an address {name}={value!r}")
        if tag == "a" and (link := dict(attrs).get("href") or "").startswith("data:"):
            mime, _, encoded = link.partition(";base64,")
            text = base64.b64decode(encoded).decode("utf-8-sig")
            look = check_csv if "csv" in mime else check_html
            look(f"{self._place}, a link", text)

    def handle_endtag(self, tag):
        names = [name for name, *_ in self._open]
        if tag not in names:
            self._fired(f"an end of {tag!r} that nothing began")
        del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data):
        if MARK not in data and _HOOK not in data:
            return
        tag, _, attributes = self._open[-1] if self._open else ("", False, {})
        if tag in ("script", "style") and attributes.get("type") != "application/json":
            self._fired(f"a part of a {tag}")
        if self._maths and _MATHS.search(data) and not any(ignored for _, ignored, _ in self._open):
            self._fired(f"mathematics in {data!r}")

    def handle_comment(self, data):
        self._fired(f"a comment {data!r}")

    def unknown_decl(self, data):
        self._fired(f"a declaration {data!r}")

    handle_pi = unknown_decl


def check_html(place, html, maths=False, page=False):
    """Raise `Fired` where a payload is more than a text; with `maths`, as a notebook shows it."""
    html.encode("utf-8")
    looked = _Looked(place, maths, page)
    looked.feed(html)
    looked.close()


def check_csv(place, text):
    """Raise `Fired` where any program, whatever its separator, would see a formula."""
    text.encode("utf-8")
    read = [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]
    cut = [
        piece
        for cell in (text, *read)
        for piece in re.split(r"[,;|\t\n\v\f\r\x85\u2028\u2029]", cell)
    ]
    for piece in cut:
        seen = unicodedata.normalize("NFKC", "".join(filter(_is_seen, piece)))
        if (
            seen[:1] in tuple("=+-@")
            and seen
            and not re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", seen)
        ):
            raise Fired(f"{place}: a spreadsheet would run {piece!r}")


def _is_seen(letter):
    return (
        letter != '"' and not letter.isspace() and unicodedata.category(letter) not in ("Cc", "Cf")
    )


def check_lines(place, text):
    """Raise `Fired` where a terminal would take a part of a text for an order."""
    text.encode("utf-8")
    for letter in text:
        if unicodedata.category(letter) == "Cc" and letter not in "\n\t":
            raise Fired(f"{place}: {letter!r} in {text[:200]!r}")


def check_error(place, error):
    """Raise unless an error was raised by zapsim on purpose, and may be printed."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if "/zapsim/" not in frame.filename.replace("\\", "/") or "raise" not in (frame.line or ""):
        raise error
    check_lines(f"{place}, an error", str(error.args[0] if error.args else error))


def check_figure(place, figure):
    """Raise `Fired` if a text of a payload would be read as mathematics; it must be drawable."""
    for text in figure.findobj(Text):
        if MARK in text.get_text() and text.get_parse_math() and "$" in text.get_text():
            raise Fired(f"{place}: mathematics in {text.get_text()!r}")
    if any("$" in text.get_text() for text in figure.findobj(Text)):
        with warnings.catch_warnings():
            # Letters that the font lacks are boxes.
            warnings.simplefilter("ignore")
            figure.savefig(BytesIO(), dpi=20)


def check_widget(place, widget):
    """Raise `Fired` where a front end would take a text for something else."""
    for name, value in widget.get_state().items():
        # What a person typed or uploaded is no text of ours.
        typed = name == "value" and isinstance(widget, (widgets.Combobox, widgets.FileUpload))
        if typed or not isinstance(value, (str, list, tuple)):
            continue
        texts = (
            [value] if isinstance(value, str) else [each for each in value if isinstance(each, str)]
        )
        for text in texts:
            text.encode("utf-8")
            if name == "value" and isinstance(widget, widgets.HTML):
                check_html(place, text)
            elif name == "description" and isinstance(widget, widgets.Button):
                continue
            elif name == "description":
                as_html = widget.description_allow_html
                check_html(place, text if as_html else text.replace("<", "&lt;"), maths=True)
            elif MARK in text and name not in (*_TEXTS, "tooltip", "options", "_options_labels"):
                raise Unnamed(f"{place} has a name in its {name}: teach the walk to look at it")


# --- odd values ----------------------------------------------------------------------------------

ODD = {
    # Twice or three times as much no longer fits.
    "int8": np.int8(100),
    "uint8": np.uint8(200),
    "int16": np.int16(2),
    "uint64": np.uint64(2),
    "float": 2.0,
    "float16": np.float16(0.5),
    "true": True,
    "numpy's true": np.True_,
    "None": None,
    "pandas.NA": pd.NA,
    "nan": np.nan,
    "infinity": np.inf,
    "minus one": -1,
    "zero": 0,
    "huge": 10**30,
    "digit": "2",
    "empty text": "",
    "bytes": b"2",
    "list": [2],
    "list of text": ["x"],
    "list of lists": [["x"], ["y"]],
    "empty list": [],
    "list of None": [None],
    "list of NA": [pd.NA, 1],
    "tuple": (2, "x"),
    "set": {2},
    "dict": {"x": 1},
    "dict of lists": {"Brand": [[1], None]},
    "dict of NA": {"Brand": pd.NA},
    "dict of dicts": {"Brand": {"x": 1}},
    "dict of None": {None: None},
    "empty dict": {},
    "array": np.array([1, 2]),
    "array of no dimension": np.array(2),
    "series": pd.Series([1, 2]),
    "table": pd.DataFrame({"x": [1]}),
    "complex": 2j,
    "object": object(),
    "range": range(2),
    "time": pd.Timestamp("2020-01-01"),
    "function": len,
}
# Numbers, choices, keys, columns, filters: what `zapsim.checks` checks. Not what is made by zapsim.
ASKED = {
    *("k", "n", "columns", "seed", "least", "size", "image_size", "batch_size", "grid", "layer"),
    *("diversity", "threshold", "power", "precision", "fit", "method", "metric", "metrics"),
    *(
        "key",
        "query",
        "neighbour",
        "keys",
        "unlike",
        "part",
        "hide_duplicates",
        "exclude",
        "labels",
    ),
    *("column", "label", "on", "product", "filters", "where", "text", "title", "shares", "average"),
    *("hide_colourways", "mirrored", "whole", "against", "changes", "rows", "parts"),
}


# What an error says instead of a parameter's name.
_NAMED = re.compile(
    "eceived|Give |No item |No column |There is no file |The query has |is a folder"
)


class Odd(Walk):
    """Gives an odd value as every argument in turn, and looks only at errors."""

    def __init__(self, shop, value):
        super().__init__(shop)
        self._value, self.found = value, []

    def go(self):
        """Try all; raise `Unnamed` with every place where an error is not the library's own."""
        with chdir(self.shop.folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in zapsim.__all__:
                function = getattr(zapsim, name)
                if name not in LEFT_OUT and inspect.isfunction(function):
                    self._call(name, function)
            for thing in (self.shop.predictor, self.shop.catalogue):
                for name, value in methods(thing):
                    if inspect.isroutine(value):
                        self._call(name, value)
            self._call("VGG16Extractor", zapsim.VGG16Extractor)
        if self.found:
            raise Unnamed("\n".join(self.found))

    def _call(self, place, function):
        given, named = arguments(place, function, self.shop)
        for name in inspect.signature(function).parameters:
            if name in ASKED:
                self.places += 1
                where = f"{place}({name}={self._value!r:.60})"
                try:
                    with _captured() as said:
                        function(*given, **named | {name: self._value})
                except Exception as error:
                    self._judge(where, name, error)
                overflows = [each for each in said.warned if "overflow" in str(each.message)]
                self.found += [f"{where}: {each.message}" for each in overflows]

    def _judge(self, said, name, error):
        frame = traceback.extract_tb(error.__traceback__)[-1]
        ours = "/zapsim/" in frame.filename and "raise" in (frame.line or "")
        text = str(error)
        if not (isinstance(error, DOCUMENTED) and ours):
            where = f"{Path(frame.filename).name}:{frame.lineno}"
            self.found.append(f"{said}: {type(error).__name__}: {text[:120]} ({where})")
        elif not isinstance(error, zapsim.PictureError) and not (
            name in text or _NAMED.search(text)
        ):
            self.found.append(f"{said}: does not say what was received: {text[:150]}")


# So many places a walk looks at, at least, and so many arguments it gives.
LOOKED_AT, GIVEN = 2000, 140


def _walk(walk, least):
    walk.go()
    if walk.places < least:
        raise Unnamed(
            f"the walk found {walk.places} places of {least}: what does it leave out now?"
        )


# What else columns are called: as zapsim's own are, by no text, and twice.
COLUMNS = {
    "as ours": ["rank", "rank (metadata)", "score", "index", "level_0", "picture"],
    "as ours again": ["query", "neighbour", "group", "distance", "x", "y"],
    "as parts": ["Product", "Colourway", "Split", "CID", "Category", "SubCategory"],
    "numbers": [3, 0, -1, 2.5, True, np.int8(4)],
    "nothing": [None, np.nan, pd.NA, "", " ", "Unnamed: 0"],
    "no texts": [("a", "b"), pd.Timestamp("2020-01-01"), b"x", frozenset({1}), "nan", "None"],
    "twice": ["Season", "Season", "season", "Season.1", "Closure", "Title"],
    "of objects": ["__class__", "shape", "T", "columns", "loc", "apply"],
}


def _columns(name, folder):
    def check():
        here = folder / re.sub(r"\W", "-", f"columns {name}")
        here.mkdir()
        _walk(Walk(Shop(f"Plain name{MARK}", here, COLUMNS[name])), LOOKED_AT)

    return check


def _odd(name, folder):
    def check():
        here = folder / re.sub(r"\W", "-", f"given {name}")
        here.mkdir()
        _walk(Odd(Shop("Plain name", here), ODD[name]), GIVEN)

    return check


def _payload(name, folder):
    def check():
        text = PAYLOADS[name] + MARK
        here = folder / re.sub(r"\W", "-", f"named {name}")
        here.mkdir()
        _walk(Walk(Shop(text, here)), LOOKED_AT)

    return check


def cases(folder):
    """List a case for each payload, for each kind of columns, and for each odd value."""
    return [
        Case(f"{said} {name}", make(name, folder), injections=number, seconds=60)
        for said, make, names, number in [
            ("named", _payload, PAYLOADS, LOOKED_AT),
            ("columns", _columns, COLUMNS, LOOKED_AT),
            ("given", _odd, ODD, GIVEN),
        ]
        for name in names
    ]
