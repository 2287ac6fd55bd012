"""What a teacher hands out, and the answers in `teaching/notebooks`, from the course's own data.

In: `zapsim.course.practice`, the Markdown of `teaching/`, and the stored notebooks. Out: the
generated part of each notebook's page (``python -m tools.teaching``, and ``--check``), and, into
``build/``, ``--handout``, ``--form``, ``--worksheet``, ``--slides`` and ``--print`` (all of
`teaching/`): pages that open without a network. The edge rule: what is written by hand stands above
the mark, and stays as it is.
"""

import argparse
import base64
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote

import mistune
import nbformat

import zapsim
from zapsim.course.practice import numbers, practice_of

ROOT = Path(__file__).resolve().parent.parent
TEACHING = ROOT / "teaching"
MARK = "<!-- From here on written by `python -m tools.teaching`; do not edit. -->"
STYLE = TEACHING / "print.css"
# What draws a PDF, by the names that systems give it; elsewhere the browser's own "Print" does.
BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "chrome", "msedge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
QUIET = ("--disable-gpu", "--no-pdf-header-footer")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body class="{kind}">
{body}
</body>
</html>
"""
# Where pictures say what a board cannot.
SHOWN = ("02", "04", "07")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare the answers, write nothing")
    makers = {
        "handout": make_handout,
        "form": make_form,
        "worksheet": make_worksheet,
        "slides": make_slides,
        "print": make_all,
    }
    for name in makers:
        parser.add_argument(f"--{name}", action="store_true", help=f"write build/{name}")
    arguments = parser.parse_args(arguments)
    asked = [name for name in makers if getattr(arguments, name)]
    for name in asked:
        for path in makers[name](ROOT / "build" / name):
            print(path.relative_to(ROOT).as_posix())
    if asked:
        return False
    changed = [number for number in numbers() if with_answers(number) != stored(number)]
    for number in changed:
        if arguments.check:
            print(f"teaching/notebooks/{number}.md has old answers: run `python -m tools.teaching`")
        else:
            page_of(number).write_text(with_answers(number), encoding="utf-8")
    return arguments.check and bool(changed)


def page_of(number):
    return TEACHING / "notebooks" / f"{number}.md"


def stored(number):
    path = page_of(number)
    if not path.exists():
        sys.exit(f"teaching/notebooks/{path.name} is missing: write it by hand, as 08.md is")
    return path.read_text(encoding="utf-8")


def with_answers(number):
    """Return a notebook's page: what is written by hand, then the answers."""
    practice, by_hand = practice_of(number), stored(number).partition(MARK)[0].rstrip()
    source = next((ROOT / "notebooks" / "src").glob(f"{number}_*.py")).read_text(encoding="utf-8")
    titles = dict(re.findall(r"📝 Exercise (\d\d-\d): (.+)", source))
    parts = [by_hand, MARK, "## Answers to the exercises"]
    parts += [answer(exercise, titles[exercise.name]) for exercise in practice.EXERCISES]
    parts += ["## Answers to the questions", *map(options, practice.QUESTIONS)]
    return "\n\n".join(parts) + "\n"


def answer(exercise, title):
    """Return an exercise's solution as Markdown, and what its wrong answers are told."""
    lines = [f"### {exercise.name}: {title}", f"```python\n{exercise.solution.strip()}\n```"]
    if exercise.ideas:
        lines += [
            f"Looked for in the answer, which is never called wrong: {'; '.join(exercise.ideas)}."
        ]
    if exercise.explains:
        whose = "An answer in which all is found" if exercise.ideas else "A right answer"
        lines += [f"{whose} is told: {exercise.explains}"]
    said = dict.fromkeys(mistake.says for mistake in exercise.mistakes)
    if said:
        lines += ["A wrong answer is told one of these:", "\n".join(f"- {s}" for s in said)]
    return "\n\n".join(lines)


def options(question):
    """Return a question's options as Markdown, and what each shows."""
    lines = [
        f"- {letter}) **{option.text}** Right: {option.why.removeprefix('Right: ')}"
        if option.right
        else f"- {letter}) {option.text} – {option.why}"
        for letter, option in zip(question.letters, question.options, strict=True)
    ]
    return f"### {question.name}\n\n{question.text}\n\n" + "\n".join(lines)


def make_handout(folder):
    """Write the hand-out of one sheet, for a screen and for a printer; return the files."""
    return write_page(TEACHING / "handout.md", folder)


def make_form(folder):
    """Write the form of five questions, for a screen and for a printer; return the files."""
    return write_page(TEACHING / "feedback.md", folder)


def make_all(folder):
    """Write every page of ``teaching/``, to be printed from a browser; return the files."""
    sources = sorted(TEACHING.rglob("*.md"))
    return [write_html(each, folder / each.relative_to(TEACHING).parent) for each in sources]


def make_worksheet(folder):
    """Write the worksheet and the page it is done in, ``shop.html``; return the files."""
    features = zapsim.load_features()
    predictor = zapsim.SimilarityPredictor(zapsim.load_catalogue(), features)
    folder.mkdir(parents=True, exist_ok=True)
    # The map of every stick is the same, and made at once.
    places = zapsim.map_catalogue(features, "PCA")
    shop = predictor.page(folder / "shop.html", title="MiniZap", places=places)
    return [shop, *write_page(TEACHING / "worksheet.md", folder)]


def make_slides(folder):
    """Write the pictures that a board cannot show, one a screen; return the file."""
    # It needs packages that no other page does.
    from tools import build_notebooks as builder

    sources = sorted((ROOT / "notebooks" / "src").glob("[0-9][0-9]_*.py"))
    shown = {source: builder.target(source, False) for source in sources}
    shown = {source: path for source, path in shown.items() if source.stem[:2] in SHOWN}
    worked = [
        path.relative_to(ROOT).as_posix()
        for source, path in shown.items()
        if not builder.is_as_stored(path, source, sources)
    ]
    if worked:
        sys.exit(
            f"No slides: somebody worked in {', '.join(worked)}, which all would see, or cleared "
            "what it shows. Put your copies elsewhere and take these from git again, or build them "
            "anew: make notebooks"
        )
    slides = [slide for path in shown.values() for slide in slides_of(path.stem[:2], path)]
    text = framed("Pictures to show", "\n".join(slides), "slides")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "slides.html"
    path.write_text(text, encoding="utf-8")
    return [path]


def slides_of(number, path):
    """Yield a section for each picture of a stored notebook, in words as well."""
    heading = ""
    for cell in nbformat.read(path, 4).cells:
        heading = (re.findall(r"^## ([^📝].+)", cell.source, re.MULTILINE) or [heading])[-1]
        for output in cell.get("outputs", []):
            for mime, data in output.get("data", {}).items():
                if mime.startswith("image/"):
                    yield slide(number, heading, cell.metadata["alt"], mime, data)


def slide(number, heading, words, mime, data):
    heading, words = html.escape(heading), html.escape(words)
    picture = f'<img alt="{words}" src="data:{mime};base64,{data.strip()}">'
    told = f"<details><summary>In words</summary>{words}</details>"
    return f"<section><h2>{number} · {heading}</h2>{picture}{told}</section>"


def write_page(source, folder):
    """Write a Markdown file as a page, and as a PDF; return the files."""
    page = write_html(source, folder)
    return [page, *print_page(page)]


def write_html(source, folder):
    """Write a Markdown file as a page without links, which paper has not; return the file."""
    text = source.read_text(encoding="utf-8")
    body = re.sub(
        r'src="([^":]+)"',
        # As an address it has other letters for spaces, and for what HTML takes for its own.
        lambda found: inlined(source.parent / unquote(html.unescape(found[1]))),
        mistune.html(text),
    )
    body = re.sub(r"</?a\b[^>]*>", "", body)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{source.stem}.html"
    page.write_text(framed(text.partition("\n")[0].strip("# "), body, source.stem), "utf-8")
    return page


def inlined(path):
    data = base64.b64encode(path.read_bytes()).decode()
    return f'src="data:{guess_type(path)[0]};base64,{data}"'


def framed(title, body, kind):
    """Return a whole page, which needs no other file."""
    return PAGE.format(
        title=html.escape(title), style=STYLE.read_text(encoding="utf-8"), kind=kind, body=body
    )


def print_page(page):
    """Write a page as a PDF beside it, where a browser is found; return the files (list)."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    path = page.with_suffix(".pdf")
    path.unlink(missing_ok=True)
    # Chromium's sandbox does not start for root.
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        to = [f"--user-data-dir={profile}", f"--print-to-pdf={path}", page.as_uri()]
        with suppress(subprocess.SubprocessError):
            if browser:
                command = [browser, "--headless", *QUIET, *root, *to]
                subprocess.run(command, capture_output=True, timeout=120)
    if path.exists():
        return [path]
    why = f"{browser} wrote none" if browser else "found neither Chromium, Chrome nor Edge"
    print(
        f"No PDF of {page.name}: {why}. Open the page in any browser, and print it from there: A4, "
        "no headers and footers."
    )
    return []


if __name__ == "__main__":
    sys.exit(main())
