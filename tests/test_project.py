"""What people meet before the code: citation, changes, links, workflows, forms, recipes."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

import zapsim
from tests.test_notebooks import anchors
from zapsim.course.exercise import Exercise, Mistake, judge
from zapsim.course.question import Option, Question

ROOT = Path(__file__).resolve().parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
RECIPES = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def read_yaml(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_citation_is_of_this_version_and_names_what_zapsim_builds_on():
    citation = read_yaml(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors", "type"} <= citation.keys()
    assert citation["version"] == zapsim.__version__
    license = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["license"] == license["license"]
    first = [cited["authors"][0]["family-names"] for cited in citation["references"]]
    assert first == ["Loumpourdis", "Simonyan", "Yu"]


def test_the_newest_change_is_of_this_version():
    newest, _ = re.findall(r"^## \[(.+)\] - (unreleased|\d{4}-\d\d-\d\d)$", CHANGES, re.MULTILINE)[
        0
    ]
    assert newest == zapsim.__version__


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_what_is_there(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(((?!https?:)[^)\s]+)\)", text)
    for link in links:
        file, _, anchor = link.partition("#")
        target = (path.parent / file) if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_names_every_notebook_and_its_minutes():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[.+\]\(notebooks/(\w+)\.ipynb\) \|.*\| (\d+) \|$", text, re.M))
    said = {
        path.stem: re.search(r"🕐 (\d+) minutes", path.read_text(encoding="utf-8"))[1]
        for path in sorted((ROOT / "notebooks" / "src").glob("*.py"))
    }
    assert rows == said


def test_jupyterlab_serves_all_that_notebooks_link_to_and_opens_the_first():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlab:")[2]
    commands = [recipe.partition("\n\n")[0]]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands += re.findall(r"^\S*jupyter lab .*$", readme, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        assert "--ServerApp.root_dir=. " in command
        (opened,) = re.findall(r"notebooks[/\\]\w+\.ipynb", command)
        assert (ROOT / opened.replace("\\", "/")).exists()


def test_no_two_files_of_tests_share_a_name():
    """Else pytest collects one of them, and stops at the other."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []


def test_commands_that_are_named_exist():
    targets = re.findall(r"^([\w ]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    targets = {target for line in targets for target in line.split()}
    for path in PAGES:
        named = re.findall(r"(?:`|^)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= targets, path.name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_their_version(path):
    used = re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_only_read_and_end_in_time(path):
    workflow = read_yaml(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms_are_such_as_github_takes(path):
    form = read_yaml(path)
    assert form.keys() == {"name", "description", "labels", "body"}
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert all(part["attributes"]["label"] for part in fields)
    assert len({part["id"] for part in fields}) == len(fields)
    assert any(part.get("validations", {}).get("required") for part in fields)


def recipe(start):
    """Return the only block of CONTRIBUTING.md that begins like this."""
    blocks = re.findall(r"^ *```python\n(.*?)^ *```$", RECIPES, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if block.strip().startswith(start)]
    return found


def test_the_recipes_question_and_exercise_are_right():
    question = eval(recipe("Question(").strip(), {"Question": Question, "Option": Option})
    assert [option.right for option in question.options].count(True) == 1
    exercise = eval(recipe("Exercise(").strip(), {"Exercise": Exercise, "Mistake": Mistake})
    names = {"np": np}
    exec(exercise.solution, names)
    assert judge(exercise, names["my_dot"]).state == "right"
    right, wrong = re.findall(r'"04-5": (.*),\n', recipe("# RIGHT"))
    assert {judge(exercise, answer).state for answer in eval(right, {"np": np})} == {"right"}
    assert len(eval(wrong)) == len(exercise.mistakes) >= 3
    for says, answer in eval(wrong).items():
        assert says in judge(exercise, answer).says
