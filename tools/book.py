"""The course's notebooks as pages of the book: an extension of Sphinx.

A page runs nothing. So solutions and answers, which a notebook gives on request, stand folded below
their tasks; widgets are replaced by what can be said of them; the set-up cell and the links between
the two copies are left out. And each page's first use of a word leads to the glossary.
"""

import re
from importlib import import_module
from pathlib import Path

import nbformat
from docutils import nodes
from nbformat.v4 import new_markdown_cell
from sphinx import addnodes
from sphinx.pycode import ModuleAnalyzer

from zapsim.course.practice import find_exercise, find_question
from zapsim.course.question import explanation

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = "notebooks/glossary"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Words that mean something else in these notebooks, and so are linked by hand only.
OTHERWISE = {
    "cell": r"\d\d",  # a notebook's
    "kernel": "06",  # a notebook's
    "label": "06",  # a widget
    "product": "02|04|09",  # of numbers
    "weight": "09",  # of a mixture
}
WIDGETS = {
    "Browser": "![A query, its neighbours as cards, filters and search](../docs/voila.png)",
    "Mixer": "*Only in the notebook: sliders for shape, colour and texture, above the neighbours.*",
    "Quiz": "*Only in the notebook: three shoes, and a button for each answer.*",
    "(widgets": "*Only in the notebook: a picture or more, and buttons to click.*",
}


def setup(app):
    app.connect("source-read", _read)
    app.connect("doctree-read", _link_words)
    app.connect("autodoc-process-docstring", _say_constant)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _say_constant(app, what, name, value, options, lines):
    """Say the comment above a constant; the docstring of its value is that of a class."""
    if what == "data":
        room, _, constant = name.rpartition(".")
        home = f"{room}.{import_module(room)._HOME[constant]}"
        lines[:] = ModuleAnalyzer.for_module(home).find_attr_docs()["", constant]


def _read(app, page, source):
    if re.match(r"notebooks/\d", page):
        notebook = nbformat.reads(source[0], 4)
        notebook.cells = [new for cell in notebook.cells for new in as_page(cell)]
        for number, cell in enumerate(notebook.cells):
            cell.id = str(number)
        source[0] = nbformat.writes(notebook)


def as_page(cell):
    """Return what stands in the book for a notebook's cell (list of cells)."""
    if cell.cell_type == "markdown":
        text = re.sub(r"^(---\n)?.*\]\(solutions/.*$", "", cell.source, flags=re.MULTILINE)
        # JupyterLab keeps a heading's capitals, the book and GitHub don't.
        cell.source = re.sub(r"glossary\.md#[^)]+", lambda link: link[0].lower(), text)
        return [cell] if cell.source.strip() else []
    tags = cell.metadata.get("tags", [])
    name = re.search(r'^(?:check|question)\("([^"]+)"', cell.source, re.MULTILINE)
    if "setup" in tags:
        return []
    if "exercise" in tags:
        cell.outputs = []
        return [cell, *_solution(find_exercise(name[1]))]
    if "question" in tags:
        return [_question(find_question(name[1]))]
    shown = [o.data["text/plain"] for o in cell.outputs if WIDGET_VIEW in o.get("data", {})]
    cell.outputs = [o for o in cell.outputs if WIDGET_VIEW not in o.get("data", {})]
    said = [text for start, text in WIDGETS.items() if any(s.startswith(start) for s in shown)]
    return [cell, *map(new_markdown_cell, said)]


def _folded(title, text):
    return f"````{{admonition}} {title}\n:collapsible: closed\n\n{text}\n````"


def _solution(exercise):
    hints = "\n".join(f"{n}. {hint}" for n, hint in enumerate(exercise.hints, start=1))
    code = f"```python\n{exercise.solution.strip()}\n```\n\n{exercise.explains}"
    yield new_markdown_cell(_folded(f"Hints for {exercise.name}", hints))
    yield new_markdown_cell(_folded(f"Solution of {exercise.name}", code))


def _question(question):
    options = zip(question.letters, question.options, strict=True)
    asked = "\n".join(f"- {letter}) {option.text}" for letter, option in options)
    whys = "\n".join(f"- {explanation(question, letter)[1]}" for letter in question.letters)
    return new_markdown_cell(
        f"**Question {question.name}.** {question.text}\n\n{asked}\n\n"
        + _folded(f"Answers to {question.name}", whys)
    )


def words():
    """Return the glossary's words, each with its anchor."""
    text = (ROOT / f"{GLOSSARY}.md").read_text(encoding="utf-8")
    found = re.findall(r"^## (.+)$", text, re.MULTILINE)
    return {word: re.sub(r"[^\w\- ]", "", word.lower()).replace(" ", "-") for word in found}


def _link_words(app, document):
    page = app.env.docname
    if not re.match(r"notebooks/\d", page):
        return
    number, anchors, linked = page.removeprefix("notebooks/")[:2], words(), set()
    # The longest first: a heat map is no map.
    known = sorted(anchors, key=len, reverse=True)
    forms = "|".join(f"({_form(word)})" for word in known)
    any_word = re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])")
    for node in list(document.findall()):
        if isinstance(node, addnodes.pending_xref) and node["reftarget"] == GLOSSARY:
            linked.add(node["reftargetid"])
        if not _is_prose(node):
            continue
        pieces, end = [], 0
        for found in any_word.finditer(node):
            word = known[found.lastindex - 1]
            if anchors[word] in linked or re.fullmatch(OTHERWISE.get(word, ""), number):
                continue
            linked.add(anchors[word])
            pieces += [nodes.Text(node[end : found.start()]), _link(found[0], anchors[word], page)]
            end = found.end()
        if pieces:
            node.parent.replace(node, [*pieces, nodes.Text(node[end:])])


def _form(word):
    """Return a pattern for a word and its plural; capitals count where it has some."""
    form = re.escape(word.removesuffix("y")) + ("(?:y|ies)" if word.endswith("y") else "(?:s|es)?")
    form = form.replace("@k", "@(?:k|\\d+)")
    return f"(?i:{form})" if word == word.lower() else form


def _is_prose(node):
    above = set()
    while node is not None:
        above.add(type(node))
        node = node.parent
    code = {nodes.literal, nodes.literal_block}
    other = {*code, nodes.title, nodes.reference, addnodes.pending_xref}
    return {nodes.Text, nodes.paragraph} <= above and not above & other


def _link(text, anchor, page):
    return addnodes.pending_xref(
        "",
        nodes.inline("", text),
        refdomain="doc",
        reftype="myst",
        reftarget=GLOSSARY,
        reftargetid=anchor,
        refdoc=page,
        refexplicit=True,
    )
