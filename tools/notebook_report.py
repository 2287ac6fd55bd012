"""What each notebook asks of its reader: a line of numbers, those beyond the limits marked.

In: a built student copy. Out: words, minutes and so on, for `make notebooks` to print, and for
tests to hold. Nothing is executed.
"""

import ast
import inspect
import re
from functools import cache

import pandas as pd

import zapsim
import zapsim.course

LIMITS = {"words": 950, "a minute": 50, "new names": 8, "longest cell": 14, "first at": 1 / 3}
SHOWN = {"a minute": "{:.0f}", "first at": "{:.0%}", "MB": "{:.2f}", "seconds": "{:.0f}"}
# Stands in the heading of an exercise.
TASK = "📝"
# What practice itself is called by.
_TUTOR = set(zapsim.course.__all__)
_NAVIGATION = r"^[^\n]*\]\(solutions/[^\n]*$"
# Blocks of code, the line of navigation, tags.
_NO_PROSE = re.compile(rf"```.*?```|{_NAVIGATION}|<[^>]+>", re.DOTALL | re.MULTILINE)


def measure(notebooks):
    """Return what each student copy asks of its reader (DataFrame), given by name, in order."""
    known, rows = set(_TUTOR), {}
    for name, notebook in notebooks.items():
        code = [c for c in cells_of(notebook) if c.cell_type == "code"]
        names = zapsim_names(code) - known
        known |= names
        words = sum(map(count_words, cells_of(notebook)))
        minutes = re.search(r"🕐 (\d+) minutes", notebook.cells[0].source)
        minutes = int(minutes[1]) if minutes else None
        rows[name] = {
            "words": words,
            "minutes": minutes,
            "a minute": words / minutes if minutes else None,
            "new names": len(names),
            "longest cell": max(map(lines_of, code)),
            "exercises": sum(is_tagged(cell, "exercise") for cell in code),
            "questions": sum(is_tagged(cell, "question") for cell in code),
            "first at": place_of_first_exercise(notebook),
            "which": sorted(names),
        }
    return pd.DataFrame.from_dict(rows, "index").astype({"minutes": "Int64"})


def beyond(row):
    """Name what is beyond its limit in a row of `measure` (list of str)."""
    return [f"{name}: {row[name]}" for name, most in LIMITS.items() if row[name] > most]


def as_text(table):
    """Return the table of `measure` as text; what is beyond its limit is marked by "!"."""
    shown = pd.DataFrame(index=table.index)
    for name in table.columns.drop("which"):
        most = LIMITS.get(name, float("inf"))
        shown[name] = [
            "–"
            if pd.isna(value)
            else SHOWN.get(name, "{}").format(value) + "!" * bool(value > most)
            for value in table[name]
        ]
    new = [f"{name}: {', '.join(which)}" for name, which in table["which"].items() if which]
    return "\n".join([shown.to_string(), "", "New names of zapsim", *new])


def cells_of(notebook):
    """Return the cells that are written a notebook at a time: not set-up, navigation and words."""
    return [
        c for c in notebook.cells[:-1] if not {"setup", "alt"} & set(c.metadata.get("tags", []))
    ]


def is_tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def count_words(cell):
    """Count a cell's words of prose; tasks, code, addresses and marks are none."""
    if cell.cell_type != "markdown" or TASK in cell.source.partition("\n")[0]:
        return 0
    text = re.sub(_NO_PROSE, " ", cell.source)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def lines_of(cell):
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def place_of_first_exercise(notebook):
    """Return which share of a notebook's characters stands before its first exercise, or None.

    Navigation does not count: another notebook or a badge makes it longer.
    """
    before, found, total = 0, None, 0
    for cell in cells_of(notebook):
        if found is None and is_tagged(cell, "exercise"):
            found = before
        before = total = total + len(re.sub(_NAVIGATION, "", cell.source, flags=re.MULTILINE))
    return None if found is None else found / total


def zapsim_names(cells):
    """Return the names of zapsim that code cells use: its functions, and what their results offer.

    An attribute counts if a public class of zapsim has it, and pandas has not, and it is asked of
    what zapsim returned, such as ``similar`` in ``predictor.similar(key)["score"]``.
    """
    lines = "\n".join(cell.source for cell in cells).splitlines()
    nodes = list(ast.walk(ast.parse("\n".join(x for x in lines if not re.match(r"\s*[!%]", x)))))
    imports = [n for n in nodes if isinstance(n, ast.ImportFrom) and _is_ours(n.module)]
    names = {alias.name for node in imports for alias in node.names}
    ours = {"zapsim", *names}
    for node in nodes:
        if isinstance(node, ast.Assign) and _root(node.value) in ours:
            ours |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and _root(node) in ours:
            module = isinstance(node.value, ast.Name) and node.value.id == "zapsim"
            names |= {node.attr} if module or node.attr in _members() else set()
    return names


def _is_ours(module):
    return (module or "").split(".")[0] == "zapsim"


def _root(node):
    """Return the variable that a chain of calls and attributes starts from, or None."""
    while not isinstance(node, ast.Name):
        node = getattr(node, "func", None) or getattr(node, "value", None)
        if not isinstance(node, ast.AST):
            return None
    return node.id


@cache
def _members():
    public = [getattr(zapsim, name) for name in zapsim.__all__]
    classes = [each for each in public if inspect.isclass(each) and not issubclass(each, Exception)]
    return {name for each in classes for name in dir(each)} - set(dir(pd.DataFrame))
