"""The book: built from what is stored, whole within, and read as its readers do, in Chromium."""

import html
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

import pytest

import zapsim
import zapsim.scale
from tests.conftest import ROOT
from zapsim.course.practice import numbers, practice_of

BOOK = ROOT / "build" / "book"
START = "docs/index.html"
EXTERNAL = re.compile(r"[a-z]+:", re.IGNORECASE)
FILE_NAME = re.compile(r"\.(png|jpe?g|svg|gif|webp)$|/", re.IGNORECASE)
# Wider than the window, and nothing around it scrolls but the whole article.
STICKS_OUT = """() => {
  const scrolls = (node) => node.tagName !== "ARTICLE" &&
    (/auto|scroll/.test(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
  return [...document.querySelectorAll("article :not(.headerlink)")]
    .filter((node) => node.getClientRects().length && !scrolls(node.parentElement))
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
    .map((node) => node.tagName + ": " + node.textContent.trim().slice(0, 60));
}"""

needs_sphinx = pytest.mark.skipif(
    not find_spec("myst_nb"), reason="needs the extra book: pip install -e '.[book]'"
)


class Page(HTMLParser):
    """What a page has that can be pointed at, what it points at, and its pictures."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded, self.alts = set(), [], [], []
        self.html = path.read_text(encoding="utf-8")
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids.add(found.get("id"))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link":
            self.loaded.append(found["href"])
        if "src" in found:
            self.loaded.append(found["src"])
        if tag == "img":
            self.alts.append((found.get("alt") or "").strip())

    @property
    def article(self):
        return self.html[self.html.index("<article") : self.html.index("</article>")]


@pytest.fixture(scope="module")
def book():
    """Build as `make book` does; return every page by its path."""
    command = ["-m", "sphinx", "-qEa", "-W", "--keep-going", "-d", "build/doctrees", "-c", "docs"]
    built = subprocess.run(
        [sys.executable, *command, ".", BOOK], cwd=ROOT, capture_output=True, text=True
    )
    assert not built.returncode, built.stderr
    # The theme leaves a template of its own in _static.
    paths = [path for path in BOOK.rglob("*.html") if "_static" not in path.parts]
    return {path.relative_to(BOOK).as_posix(): Page(path) for path in paths}


@needs_sphinx
def test_links_anchors_and_pictures_are_there(book):
    broken = []
    for name, page in book.items():
        for address in [*page.links, *page.loaded]:
            if EXTERNAL.match(address):
                continue
            parts = urlsplit(address)
            place = name
            if parts.path:
                place = os.path.relpath((BOOK / name).parent / unquote(parts.path), BOOK)
            if not (BOOK / place).is_file():
                broken.append(f"{name}: {address}")
            elif parts.fragment and unquote(parts.fragment) not in book[place].ids:
                broken.append(f"{name}: {address} has no such place")
    assert not broken


@needs_sphinx
def test_nothing_is_loaded_from_the_web(book):
    loaded = {a for page in book.values() for a in page.loaded if EXTERNAL.match(a)}
    assert not {address for address in loaded if not address.startswith("data:")}
    sheets = "\n".join(path.read_text(encoding="utf-8") for path in BOOK.rglob("*.css"))
    assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)]*", sheets)


@needs_sphinx
def test_every_picture_is_said_in_words(book):
    pictures = [(name, alt) for name, page in book.items() for alt in page.alts]
    assert len(pictures) > 40
    assert not [each for each in pictures if not each[1] or FILE_NAME.search(each[1])]


@needs_sphinx
def test_nothing_says_where_it_was_built(book):
    texts = [p for p in BOOK.rglob("*") if p.suffix in {".html", ".js", ".css", ".svg"}]
    places = (f"{ROOT}{os.sep}", f"{sys.prefix}{os.sep}", "PosixPath(", "WindowsPath(")
    said = [p.name for p in texts if any(each in p.read_text("utf-8") for each in places)]
    assert len(texts) > 100
    assert not said


@needs_sphinx
def test_every_how_to_leads_to_all_others(book):
    text = (ROOT / "docs" / "howtos.md").read_text(encoding="utf-8")
    names = re.findall(r"^(\w+)$", text.partition("```{toctree}")[2], re.MULTILINE)
    assert len(names) > 5
    for name in names:
        links = book[f"docs/{name}.html"].links
        assert {f"{other}.html" for other in names} - {f"{name}.html"} <= set(links), name


@needs_sphinx
def test_it_is_small(book):
    assert sum(p.stat().st_size for p in BOOK.rglob("*") if p.is_file()) < 25e6


@needs_sphinx
@pytest.mark.parametrize("number", numbers())
def test_solutions_and_answers_stand_folded_below_their_tasks(book, number):
    (page,) = [p for name, p in book.items() if name.startswith(f"notebooks/{number}_")]
    practice = practice_of(number)
    folded = re.findall(r"<details class=\"[^\"]*admonition.*?</details>", page.article, re.DOTALL)
    assert not [each for each in folded if re.match(r"<details[^>]* open", each)]
    titles = re.findall(r"<summary[^>]*admonition[^>]*>(.*?)</summary>", page.article, re.DOTALL)
    titles = [re.sub(r"<[^>]+>", "", each).strip() for each in titles]
    shown = html.unescape(re.sub(r"<[^>]+>", "", page.article))
    shown = re.sub(r"[`\s]", "", shown)
    for exercise in practice.EXERCISES:
        assert titles.count(f"Solution of {exercise.name}") == 1
        for text in (*exercise.hints, exercise.solution, exercise.explains):
            assert re.sub(r"[`\s]", "", text) in shown
    for question in practice.QUESTIONS:
        for text in [question.text, *(t for o in question.options for t in (o.text, o.why))]:
            assert re.sub(r"[`\s]", "", text) in shown
        answers = folded[titles.index(f"Answers to {question.name}")]
        assert answers.count("<li>") == len(question.options)
        assert answers.count("✅") == 1
        assert "question(" not in page.article
    assert "Set-up: nothing to do here" not in page.article
    assert "solutions/" not in page.article


@needs_sphinx
def test_the_first_use_of_a_word_leads_to_the_glossary(book):
    pages = {name[10:12]: page.article for name, page in book.items() if name.startswith("notebo")}
    # Not linked by hand there; plural, at the start of a sentence, with another number.
    for number, anchor, text in [
        ("03", "channel", "channel"),
        ("09", "interval", "intervals"),
        ("11", "recall", "Recall"),
        ("11", "recall-k", "recall&#64;10"),
        ("05", "query", "query"),
    ]:
        links = re.findall(rf'<a [^>]*href="glossary.html#{anchor}"[^>]*>(.*?)</a>', pages[number])
        assert text in [re.sub("<[^>]+>", "", link) for link in links]
        before = pages[number].split(f'href="glossary.html#{anchor}"')[0]
        prose = re.sub(r"<(pre|code|h\d|title|summary)\b.*?</\1>|<[^>]+>", " ", before, flags=re.S)
        assert not re.search(rf"\b{text}\b", prose)
    # Widgets called labels, and a kernel that is restarted.
    assert not re.search(r'glossary\.html#(label|kernel)"', pages["06"])


def test_all_public_names_are_in_the_book():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^   (\w[\w.]*)$", text, re.MULTILINE)
    scale = [f"scale.{name}" for name in zapsim.scale.__all__]
    assert sorted(listed) == sorted([*zapsim.__all__, *scale])


def test_the_page_on_your_own_catalogue_does_what_it_says(make_folder, monkeypatch, capsys):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    folder = make_folder("0015.jpg", "0016.jpg", name="pictures")
    make_folder("a.jpg", name="my pictures")
    book = openpyxl.Workbook()
    # Excel takes 0015 for a number.
    for row in [["Article number", "Kind", "Price"], [15, "Boot", 79]]:
        book.active.append(row)
    book.active.append([16, "Sandal", 39])
    book.save(folder.parent / "shop.xlsx")
    monkeypatch.chdir(folder.parent)
    text = (ROOT / "docs" / "own_catalogue.md").read_text(encoding="utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)
    assert list(names["catalogue"].table["Kind"]) == ["Boot", "Sandal"]
    assert "2 of 2" in capsys.readouterr().out
    assert (folder.parent / "shop.html").is_file()


@pytest.mark.parametrize("name", ["cluster", "why", "own_catalogue"])
def test_lines_of_python_in_how_tos_are_python(name):
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        compile(block, f"{name}.md", "exec")


@pytest.fixture
def open_page(browser):
    """Return ``open_page(name, width, scheme)``; at the end nothing went wrong or to the web."""
    troubles = []

    def make(name=START, width=1400, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
        page.on(
            "request",
            lambda r: None if r.url.startswith(("file:", "data:")) else troubles.append(r.url),
        )
        page.goto((BOOK / name).as_uri())
        return page

    yield make
    assert not troubles


@needs_sphinx
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1400, "dark")])
def test_no_page_scrolls_sideways(book, open_page, width, scheme):
    page = open_page(width=width, scheme=scheme)
    for name in [n for n in book if n != "index.html"]:
        page.goto((BOOK / name).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert page.evaluate(STICKS_OUT) == [], name


@needs_sphinx
def test_search_works_without_a_server(book, open_page):
    page = open_page()
    page.keyboard.press("Control+k")
    page.get_by_role("searchbox").locator("visible=true").fill("colourway")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Glossary", exact=False).locator("visible=true").first.wait_for()
    page.wait_for_function("document.querySelectorAll('#search-results li').length > 5")


@needs_sphinx
@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize(
    ("clicks", "found"),
    [
        (["the glossary", "channel"], "One of the layers of numbers that lie on each other"),
        (["open a folder with an Excel sheet"], 'metadata="shop.xlsx", on="Article number"'),
        (["functions", "top_k"], "Ties, which are equal scores, go to the lower index"),
    ],
)
def test_what_readers_look_for_is_three_clicks_away(book, open_page, width, clicks, found):
    page = open_page("index.html", width=width)
    page.wait_for_url("**/docs/index.html")
    for number, text in enumerate(clicks):
        link = page.locator("main").get_by_role("link", name=text, exact=True)
        if width == 360 and clicks[0] == "the glossary" and number == 1:
            # The list of words is behind a button.
            page.get_by_role("button", name="On this page").click()
            link = page.get_by_role("dialog").get_by_role("link", name=text, exact=True)
        link.first.click()
    page.wait_for_timeout(300)
    seen = page.get_by_text(found).first
    seen.scroll_into_view_if_needed()
    assert seen.is_visible()
