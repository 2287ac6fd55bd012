"""What teachers open: plans that add up, links that lead somewhere, the course's own answers."""

import ast
import builtins
import html
import re
import shutil

import jupytext
import mistune
import nbformat
import pytest

from tests.conftest import CHROMIUM, ROOT
from tools import build_notebooks as builder
from tools import teaching
from zapsim.course.practice import find_exercise, find_question, numbers, practice_of

PAGES = sorted(teaching.TEACHING.rglob("*.md"))
PLANS = {"90_minutes": 90, "half_day": 240, "full_day": 480}


def name_of(path):
    return path.relative_to(teaching.TEACHING).as_posix()


def by_hand(path):
    return path.read_text(encoding="utf-8").partition(teaching.MARK)[0]


def headings(text):
    return re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)


def sections(number):
    """Return the headings of a notebook, by its source."""
    source = next((ROOT / "notebooks" / "src").glob(f"{number}_*.py"))
    return set(re.findall(r"^# ## (.+)$", source.read_text(encoding="utf-8"), re.MULTILINE))


def minutes_of(plan):
    """Return the rows of a plan: from and to, in minutes."""
    rows = re.findall(r"^\| (\d:\d\d) \| (\d:\d\d) \|", by_hand(plan), re.MULTILINE)
    return [tuple(int(t[0]) * 60 + int(t[2:]) for t in row) for row in rows]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_has_one_title_and_its_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r"^# ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M)) == 1
    for link in re.findall(r"(?:href|src)=\"([^\"]+)\"", mistune.html(text)):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        if anchor:
            slugs = [
                re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-")
                for h in headings(by_hand(target))
            ]
            assert anchor in slugs, link


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_exercises_questions_and_sections_are_the_notebooks_own(path):
    text = " ".join(by_hand(path).split())
    for name in re.findall(r"\b(\d\d-(?:\d|[a-z]))\b(?!-)", text):
        find_exercise(name) if name[-1].isdigit() else find_question(name)
    for number, section in re.findall(r"\b(\d\d) \*([^*]+)\*", text):
        assert section in sections(number), f"{number} has no section {section!r}"


@pytest.mark.parametrize("name", PLANS)
def test_a_plans_minutes_add_up(name):
    rows = minutes_of(teaching.TEACHING / "plans" / f"{name}.md")
    assert [start for start, _ in rows] == [0, *(end for _, end in rows[:-1])]
    assert all(start < end for start, end in rows)
    assert rows[-1][1] == PLANS[name]


@pytest.mark.parametrize("name", PLANS)
def test_every_row_of_a_plan_says_who_does_what_and_what_to_drop(name):
    text = by_hand(teaching.TEACHING / "plans" / f"{name}.md")
    rows = [row.split(" | ") for row in re.findall(r"^\| \d:.+\|$", text, re.MULTILINE)]
    assert {len(row) for row in rows} == {6}
    assert all(cell.strip(" |") for row in rows for cell in row)
    # A room that drifts apart meets again within an hour and a quarter.
    checkpoints = [
        end
        for (_, end), row in zip(
            minutes_of(teaching.TEACHING / "plans" / f"{name}.md"), rows, strict=True
        )
        if "**Checkpoint" in row[3]
    ]
    assert len(checkpoints) >= 3
    breaks = text.count("**Break") + text.count("**Lunch")
    assert breaks == {"90_minutes": 0, "half_day": 2, "full_day": 4}[name]


def code_of(number):
    """Return a notebook's code cells (list): the section each stands in, and its source."""
    section, cells = "", []
    for cell in jupytext.read(next((ROOT / "notebooks" / "src").glob(f"{number}_*.py"))).cells:
        section = (re.findall(r"^## ([^📝].+)$", cell.source, re.MULTILINE) or [section])[-1]
        if cell.cell_type == "code":
            cells.append((section, cell.source))
    return cells


def names_in(source):
    """Return the names that a cell reads, and those it gives (two sets)."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    given = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    given |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    given |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    given |= {n.asname or n.name.partition(".")[0] for n in nodes if isinstance(n, ast.alias)}
    return {node.id for node in names}, given


@pytest.mark.parametrize("name", PLANS)
def test_whoever_follows_a_plan_has_run_what_each_section_needs(name):
    text = by_hand(teaching.TEACHING / "plans" / f"{name}.md")
    run, everything = {}, set()
    for row in re.findall(r"^\| \d:.+\|$", text, re.MULTILINE):
        named = re.findall(r"\b(\d\d) \*([^*]+)\*", row.split(" | ")[3])
        for number, section in named:
            run.setdefault(number, {""}).add(section)
            if "Run all cells above" in row:
                everything.add(number)
        for practice in re.findall(r"\b(\d\d-(?:\d|[a-z]))\b(?!-)", row):
            number = practice[:2]
            [stands] = {section for section, cell in code_of(number) if f'("{practice}"' in cell}
            assert stands in run[number], f"{practice} stands in {stands!r}: {row}"
    if name != "full_day":
        # On the wall, not in the kernel.
        del run["02"]
    for number in run.keys() - everything:
        known = {*dir(builtins), "display"}
        for section, source in code_of(number):
            if section in run[number]:
                read, given = names_in(source)
                known |= given
                assert not read - known, f"{number} {section!r} needs {read - known}"


@pytest.mark.parametrize("number", numbers())
def test_what_comes_after_a_question_is_in_the_stored_output(number):
    """The code spans in the last column of "Ask, then run" are words of the notebook's outputs."""
    notebook = nbformat.read(next((ROOT / "notebooks").glob(f"{number}_*.ipynb")), 4)
    seen = [cell.metadata.get("alt", "") for cell in notebook.cells]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            seen += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
    seen = " ".join(" ".join(seen).split())
    table = by_hand(teaching.page_of(number)).partition("## Ask, then run")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+ \| (.+) \|$", table, re.MULTILINE)[1:]
    spans = [span for row in rows for span in re.findall(r"`([^`]+)`", row)]
    assert len(rows) >= 4 and len(spans) >= 4
    assert [span for span in spans if " ".join(span.split()) not in seen] == []


@pytest.mark.parametrize("number", numbers())
def test_a_notebooks_page_has_the_answers_of_the_course(number):
    page = teaching.stored(number)
    assert page == teaching.with_answers(number), "run `python -m tools.teaching`"
    answers = page.partition(teaching.MARK)[2]
    for exercise in practice_of(number).EXERCISES:
        assert exercise.solution.strip() in answers
        assert all(mistake.says in answers for mistake in exercise.mistakes)
    for question in practice_of(number).QUESTIONS:
        right = next(option for option in question.options if option.right)
        assert f"**{right.text}** Right: {right.why.removeprefix('Right: ')}" in answers
        assert answers.count(f"### {question.name}\n") == 1


@pytest.mark.parametrize("number", numbers())
def test_an_answer_reads_on_the_page_as_it_does_in_the_notebook(number):
    """No sign in it is taken for Markdown or HTML, but for code and stress."""
    shown = re.sub(r"<[^>]+>", "", mistune.html(teaching.stored(number)))
    shown = html.unescape(shown).replace("*", "")
    practice = practice_of(number)
    said = [m.says for exercise in practice.EXERCISES for m in exercise.mistakes]
    said += [o.why for question in practice.QUESTIONS for o in question.options]
    assert [text for text in said if re.sub("[`*]", "", text) not in shown] == []


def test_an_answer_that_has_changed_is_found_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(teaching, "TEACHING", tmp_path)
    (tmp_path / "notebooks").mkdir()
    for path in PAGES:
        if path.parent.name == "notebooks":
            text = path.read_text(encoding="utf-8")
            (tmp_path / "notebooks" / path.name).write_text(text, encoding="utf-8")
    assert not teaching.main(["--check"])
    page = tmp_path / "notebooks" / "04.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(good.replace("44_721", "44_722").replace("np.sqrt(8e9", "np.sqrt(9e9"), "utf-8")
    assert teaching.main(["--check"])
    assert "04.md has old answers" in capsys.readouterr().out
    assert not teaching.main([])
    assert page.read_text(encoding="utf-8") == good


def test_the_form_has_five_questions_and_its_key_names_their_options():
    text = by_hand(teaching.TEACHING / "feedback.md")
    assert "right" not in re.sub(r"[Tt]he right kind", "", text)
    asked = re.findall(r"^\*\*(\d)\. .+?\*\*$|^\*\*(\d)\. ", text, re.MULTILINE)
    assert [a or b for a, b in asked] == ["1", "2", "3", "4", "5"]
    text = by_hand(teaching.TEACHING / "feedback_key.md")
    key = re.findall(r"^\| (\d) \([^)]+\) \| ([a-d]) \| (.+) \|$", text, re.MULTILINE)
    assert [number for number, _, _ in key] == ["1", "2", "3", "4", "5"]
    for _, right, told in key:
        wrong = set("abcd") - {right}
        assert wrong == set(re.findall(r"\b([a-d])(?=[,:])", told))


@pytest.mark.parametrize(
    ("browser", "why"), [("no browser of this name", "found neither"), ("python3", "wrote none")]
)
def test_without_a_browser_the_handout_is_a_page_of_one_file(
    browser, why, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(teaching, "BROWSERS", (browser,))
    files = teaching.make_handout(tmp_path)
    assert [file.name for file in files] == ["handout.html"]
    said = capsys.readouterr().out
    assert why in said and "print it from there" in said
    text = files[0].read_text(encoding="utf-8")
    assert set(re.findall(r"(?:href|src)=\"(\w+):", text)) == {"data"}
    assert "url(" not in text and "<script" not in text


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
@pytest.mark.parametrize("make", [teaching.make_handout, teaching.make_form])
def test_the_handout_and_the_form_are_one_sheet_of_a4(make, tmp_path):
    _, printed = make(tmp_path)
    text = printed.read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", text)) == 1
    width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", text).groups())
    assert (round(width), round(height)) == (595, 842)


def test_every_page_can_be_printed_without_what_is_beside_it(tmp_path):
    files = teaching.make_all(tmp_path)
    assert [file.relative_to(tmp_path).with_suffix(".md").as_posix() for file in files] == [
        name_of(path) for path in PAGES
    ]
    for file in files:
        assert set(re.findall(r"(?:href|src)=\"([^:\"]+)", file.read_text("utf-8"))) <= {"data"}


def test_the_handouts_lines_run(tmp_path, monkeypatch, make_folder, drawn):
    monkeypatch.chdir(tmp_path)
    make_folder("a.jpg", "b.jpg", "c.jpg", name="my pictures")
    drawn(9).save("my photo.jpg")
    text = by_hand(teaching.TEACHING / "handout.md")
    exec(re.search(r"```python\n(.+?)```", text, re.DOTALL)[1], {})
    assert (tmp_path / "shop.html").stat().st_size > 10_000


@pytest.mark.parametrize("how", ["a cell more", "cleared", "deleted"])
def test_no_slides_are_made_of_what_somebody_worked_in(how, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for module in (teaching, builder):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(builder, "NOTEBOOKS", tmp_path / "notebooks")
    path = tmp_path / "notebooks" / "04_measure_similarity.ipynb"
    # A reader's copy beside it is another matter.
    shutil.copyfile(path, path.with_name("04_mine.ipynb"))
    assert teaching.make_slides(tmp_path / "build")
    work = nbformat.read(path, 4)
    if how == "a cell more":
        work.cells.append(next(cell for cell in work.cells if "alt" in cell.metadata).copy())
        work.cells[-1].metadata, work.cells[-1].id = nbformat.NotebookNode(), "mine"
    else:
        (code, *_) = (cell for cell in work.cells if "alt" in cell.metadata)
        code.outputs, code.execution_count = [], None
    nbformat.write(work, path)
    if how == "deleted":
        path.unlink()
    with pytest.raises(SystemExit, match="worked in notebooks/04_measure_similarity.ipynb, which"):
        teaching.make_slides(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_picture_whose_name_has_spaces_is_in_the_page(tmp_path):
    (tmp_path / "our school & é.png").write_bytes(b"logo")
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n![logo](<our school & é.png>)\n", encoding="utf-8")
    assert "data:image/png;base64,bG9nbw==" in teaching.write_html(page, tmp_path).read_text(
        "utf-8"
    )


def test_the_slides_show_every_picture_of_their_notebooks(tmp_path):
    (path,) = teaching.make_slides(tmp_path)
    text = path.read_text(encoding="utf-8")
    wanted = 0
    for number in teaching.SHOWN:
        notebook = nbformat.read(next((ROOT / "notebooks").glob(f"{number}_*.ipynb")), 4)
        wanted += sum("alt" in cell.metadata for cell in notebook.cells)
        for heading in re.findall(rf"<h2>{number} · (.+?)</h2>", text):
            assert html.unescape(heading) in sections(number)
    # Of cells whose pictures only an answer draws, none is stored.
    assert 10 < wanted - 1 <= text.count("<section>") == text.count("<img alt=")
    assert set(re.findall(r"(?:href|src)=\"(\w+):", text)) == {"data"}
    assert 'alt=""' not in text
