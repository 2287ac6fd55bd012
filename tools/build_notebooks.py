"""Build the course's notebooks from ``notebooks/src``.

The whole pipeline, in order:

1. Read ``src/NN_name.py`` (jupytext percent format) into cells.
2. Stamp navigation and the set-up cell in, and a badge if ``make home`` has set where it leads to.
3. Put the goals in, and make two copies: in the solved one, a cell tagged ``exercise`` gets the
   solution in place of its stub. Goals and solutions come from ``zapsim/course/practice``.
4. Let each picture's words follow it: a cell's metadata ``alt``.
5. Execute both, offline, in the folder they will live in.
6. Strip what differs from run to run or breaks elsewhere: widget state, stderr, timings. Make the
   pictures small.
7. Write ``notebooks/NN_name.ipynb`` and ``notebooks/solutions/NN_name.ipynb``, and report. The
   first is also kept without outputs in ``zapsim/course/notebooks``, for `zapsim.course.reset`.

``--prose`` executes nothing and takes over only what changed in text, where no code did but the
first cell's.
``--report`` only says what each notebook asks of its reader, from its source and stored copies.
``--check`` executes nothing and fails if a rebuild would change any cell's source, or if a stored
notebook was not run from top to bottom.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
import pandas as pd
from nbclient import NotebookClient

from tools.home import badge, first_cell
from tools.notebook_pictures import describe, in_words, shrink
from tools.notebook_report import as_text, measure
from zapsim.course.fresh import NOTEBOOKS as FRESH
from zapsim.course.practice import find_exercise, practice_of

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
GOALS = "{goals}"
SHARED = ("glossary.md", "../docs/")
KEPT_METADATA = {"kernelspec", "language_info"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
COLAB_ONLY = "application/vnd.google.colaboratory"
BADGE = r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\) · "
# One precision makes every machine's run the same.
ENVIRONMENT = {"PYTEST_CURRENT_TEST": "1"}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these, such as 03 (default: all)")
    parser.add_argument("--prose", action="store_true", help="only take over changed text")
    parser.add_argument("--check", action="store_true", help="only compare, execute nothing")
    parser.add_argument("--report", action="store_true", help="only report on what is stored")
    arguments = parser.parse_args(arguments)
    sources = sorted((NOTEBOOKS / "src").glob("[0-9][0-9]_*.py"))
    unknown = set(arguments.names) - {source.stem[:2] for source in sources}
    if unknown:
        parser.error(f"no such notebook: {', '.join(sorted(unknown))}. Name it by two digits: 03")
    chosen = [s for s in sources if not arguments.names or s.stem[:2] in arguments.names]
    if arguments.check:
        problems = orphans(sources) + [p for s in chosen for p in check(s, sources)]
        print("\n".join(problems) or f"{len(chosen)} notebooks agree with their sources.")
        return bool(problems)
    seconds = {}
    for source in chosen if not arguments.report else []:
        for solved in (False, True):
            notebook, path = build(source, sources, solved), target(source, solved)
            if arguments.prose:
                keep_outputs(notebook, nbformat.read(path, 4))
            else:
                print(f"running {path.relative_to(ROOT)}", flush=True)
                start = time.perf_counter()
                execute(notebook, path.parent)
                seconds[source.stem] = time.perf_counter() - start
            strip(notebook)
            nbformat.write(notebook, path)
        nbformat.write(build(source, sources, solved=False), fresh(source))
    print(as_text(report(sources, seconds)))
    return False


def report(sources, seconds=()):
    """Return what the notebooks ask of their readers, how large they are, and how long they ran."""
    table = measure({s.stem: build(s, sources, solved=False) for s in sources})
    stored = [[target(source, solved) for solved in (False, True)] for source in sources]
    table["MB"] = [sum(p.stat().st_size for p in pair if p.exists()) / 1e6 for pair in stored]
    table["seconds"] = pd.Series(dict(seconds), table.index, dtype=float)
    return table


def target(source, solved):
    return NOTEBOOKS / ("solutions" if solved else "") / f"{source.stem}.ipynb"


def fresh(source):
    return FRESH / f"{source.stem}.ipynb"


def build(source, sources, solved):
    """Return one copy of a source as an unexecuted notebook."""
    notebook = jupytext.read(source)
    head, *body = notebook.cells
    title, rest = head.source.split("\n", 1)
    rest = with_goals(rest, source.stem[:2])
    head.source = f"{title}\n\n{navigation(source, sources, solved)}\n{rest}"
    setup = nbformat.v4.new_code_cell(first_cell())
    setup.metadata = {"tags": ["setup"], "jupyter": {"source_hidden": True}, "cellView": "form"}
    tail = nbformat.v4.new_markdown_cell("---\n" + navigation(source, sources, solved))
    notebook.cells = [head, setup, *with_words(body), tail]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem[:2]}-{number:02d}"
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = exercise(cell.source, solved)
        elif cell.cell_type == "markdown" and solved:
            # There is one glossary for both copies, and one page for engineers.
            for shared in SHARED:
                cell.source = cell.source.replace(f"]({shared}", f"](../{shared}")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def exercise(source, solved):
    """Keep the stub of an exercise cell, or put the solution that the course knows in its place."""
    if not solved:
        return source
    call = re.search(r'^check\("([^"]+)"', source, re.MULTILINE)
    return f"{find_exercise(call[1]).solution.strip()}\n\n{source[call.start() :]}"


def with_words(cells):
    """Let each cell that draws be followed by its picture in words."""
    for cell in cells:
        yield cell
        if "alt" in cell.metadata:
            yield in_words(cell.metadata["alt"])


def with_goals(head, number):
    """Put a notebook's goals in place of the line ``{goals}``."""
    if GOALS not in head:
        return head
    goals = "".join(f"- {goal}\n" for goal in practice_of(number).GOALS)
    return head.replace(GOALS, f"**By the end you can**\n\n{goals}".rstrip())


def stamp():
    """Put the home into all stored notebooks, where people may have written; name those left out.

    Only badges and set-up cells change.
    """
    sources, left = sorted((NOTEBOOKS / "src").glob("[0-9][0-9]_*.py")), []
    for source in sources:
        for path in (target(source, False), target(source, True), fresh(source)):
            links = navigation(source, sources, solved=path == target(source, True))
            line = re.compile(rf"^({BADGE})?{re.escape(re.sub(BADGE, '', links))}$", re.MULTILINE)
            try:
                notebook = nbformat.read(path, 4)
            except (OSError, ValueError):
                left.append(path)
                continue
            found = any(line.search(cell.source) for cell in notebook.cells)
            for cell in notebook.cells:
                if "setup" in cell.metadata.get("tags", []):
                    cell.source = first_cell()
                cell.source = line.sub(lambda _, links=links: links, cell.source)
            nbformat.write(notebook, path)
            left += [] if found else [path]
    return [path.relative_to(ROOT).as_posix() for path in left]


def navigation(source, sources, solved):
    place = sources.index(source)
    path = target(source, solved).relative_to(ROOT).as_posix()
    links = badge(path)
    if place > 0:
        links.append(f"← [{sources[place - 1].stem}]({sources[place - 1].stem}.ipynb)")
    if place + 1 < len(sources):
        links.append(f"[{sources[place + 1].stem}]({sources[place + 1].stem}.ipynb) →")
    other = f"../{source.stem}.ipynb" if solved else f"solutions/{source.stem}.ipynb"
    links.append(f"[{'exercises' if solved else 'solutions'}]({other})")
    return " · ".join(links)


def keep_outputs(notebook, stored):
    """Take the outputs of a stored copy, whose code must be the same but for the first cell."""
    code, run = ([c for c in n.cells if c.cell_type == "code"] for n in (notebook, stored))
    if [cell.source for cell in code[1:]] != [cell.source for cell in run[1:]]:
        raise SystemExit("The code changed, not only the text: run `make notebooks`.")
    for cell, was in zip(code, run, strict=True):
        cell.outputs, cell.execution_count = was.outputs, was.execution_count


def execute(notebook, folder):
    folder.mkdir(exist_ok=True)
    os.environ.update(ENVIRONMENT)
    NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()


def strip(notebook):
    """Remove what differs from run to run, and what GitHub, Colab or nbval stumble over."""
    for name in set(notebook.metadata) - KEPT_METADATA:
        del notebook.metadata[name]
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
        for output in cell.outputs:
            data = output.get("data", {})
            for mime in [m for m in data if m.startswith(COLAB_ONLY)]:
                del data[mime]
            # A widget's text is all that GitHub shows of it, and would hold pictures as bytes.
            if WIDGET_VIEW in data and "(value=b" in data["text/plain"]:
                data["text/plain"] = "(widgets: run the cell to see them)"
            shrink(output)
        describe(cell)


def orphans(sources):
    """Name stored notebooks that have no source."""
    wanted = {target(source, solved) for source in sources for solved in (False, True)}
    wanted |= set(map(fresh, sources))
    folders = (NOTEBOOKS, NOTEBOOKS / "solutions", FRESH)
    stored = {path for folder in folders for path in folder.glob("*.ipynb")}
    left = sorted(path for path in stored - wanted if " (fresh" not in path.name)
    return [f"{path.relative_to(ROOT)} has no source" for path in left]


def is_as_built(stored, source, sources, solved):
    """Tell whether a notebook's cells are those that its source gives, whatever their outputs."""
    built = build(source, sources, solved)
    one, other = ([(c.cell_type, c.source) for c in n.cells] for n in (stored, built))
    return one == other


def is_as_stored(path, source, sources):
    """Tell whether a copy to work in is there, is as built, and shows what each cell gave."""
    if not path.exists():
        return False
    stored = nbformat.read(path, 4)
    was_run = all(cell.execution_count for cell in stored.cells if cell.cell_type == "code")
    return was_run and is_as_built(stored, source, sources, solved=False)


def check(source, sources):
    """List how the stored copies of a source differ from what would be built."""
    problems = []
    for solved in (False, True):
        path = target(source, solved)
        name = path.relative_to(ROOT)
        if not path.exists():
            problems.append(f"{name} is missing: run `make notebooks`")
            continue
        stored = nbformat.read(path, 4)
        if not is_as_built(stored, source, sources, solved):
            problems.append(f"{name} is not what {source.name} gives: run `make notebooks`")
        code = [cell for cell in stored.cells if cell.cell_type == "code"]
        if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
            problems.append(f"{name} was not run from top to bottom: run `make notebooks`")
        if set(stored.metadata) - KEPT_METADATA:
            problems.append(f"{name} carries foreign metadata: run `make notebooks`")
        if COLAB_ONLY in path.read_text(encoding="utf-8"):
            problems.append(f"{name} carries Colab-only outputs: run `make notebooks`")
    path = fresh(source)
    wanted = nbformat.writes(build(source, sources, solved=False), 4)
    if not path.exists() or path.read_text(encoding="utf-8") != wanted + "\n":
        problems.append(
            f"{path.relative_to(ROOT)} is not what {source.name} gives: run `make notebooks`"
        )
    return problems


if __name__ == "__main__":
    sys.exit(main())
