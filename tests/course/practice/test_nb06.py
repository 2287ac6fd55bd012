"""06's exercises: right in any spelling, wrong for a reason; and its page without the course."""

from functools import partial

import ipywidgets as widgets
import pytest

import zapsim
from tools import build_notebooks as builder
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise

SOURCE = builder.NOTEBOOKS / "src" / "06_browse.py"


def verdict(name, answer):
    return judge(find_exercise(name), answer)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_solution_is_right_and_the_stub_is_open(number):
    name = f"06-{number}"
    (cell,) = [c for c in builder.jupytext.read(SOURCE).cells if f'check("{name}"' in c.source]
    done = "found" if number == 4 else "right"
    for source, state in ((cell.source, "open"), (builder.exercise(cell.source, True), done)):
        said = []
        names = {"partial": partial, "check": lambda name, *a, said=said: said.append((name, *a))}
        exec(source, names)
        assert [verdict(*each).state for each in said] == [state]


def popped(way):
    if len(way) > 1:
        way.pop()
    return tuple(way)


def by_default(buttons, keys, clicked):
    for i in range(3):
        buttons[i].on_click(lambda _, i=i: clicked(keys[i]))


def shown_and_hidden(images, keys, look):
    for image in images:
        image.layout.visibility = "hidden"
    for image, key in zip(images, keys, strict=False):
        image.value, image.layout.visibility = look(key), "visible"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("06-1", popped),
        ("06-2", by_default),
        ("06-3", shown_and_hidden),
        ("06-4", "I'd put it into a dict. The label would then merely display what is in there."),
        ("06-4", "It must not live in the label but in a variable. The widgets are for showing."),
        ("06-4", "An attribute holds it. Widgets only present the result and send clicks."),
        ("06-4", "A plain object has it. The label and the pictures are only written from it."),
    ],
)
def test_it_may_be_written_another_way(name, answer):
    assert verdict(name, answer).state == ("found" if name == "06-4" else "right")


def late(buttons, keys, clicked):
    for button, key in zip(buttons, keys, strict=True):
        button.on_click(lambda _: clicked(key))  # noqa: B023


def at_once(buttons, keys, clicked):
    for button, key in zip(buttons, keys, strict=True):
        button.on_click(clicked(key))


def with_the_button(buttons, keys, clicked):
    for button in buttons:
        button.on_click(clicked)


def without_the_button(buttons, keys, clicked):
    for button, key in zip(buttons, keys, strict=True):
        button.on_click(partial(lambda key: clicked(key), key))


def only_the_last(buttons, keys, clicked):
    for _button, _key in zip(buttons, keys, strict=True):
        pass
    _button.on_click(lambda _: clicked(_key))


def leave_the_old(images, keys, look):
    for image, key in zip(images, keys, strict=False):
        image.value = look(key)


def hide_for_ever(images, keys, look):
    leave_the_old(images, keys, look)
    for image in images[len(keys) :]:
        image.layout.display = "none"


def make_new(images, keys, look):
    return [widgets.Image(value=look(key)) for key in keys]


def empty_the_rest(images, keys, look):
    for image in images:
        image.value = b"-"
    leave_the_old(images, keys, look)


def overwrite(buttons, keys, clicked):
    for button, key in zip(buttons, keys, strict=True):
        button.on_click = partial(lambda key, _: clicked(key), key)


def call_now(buttons, keys, clicked):
    for button, key in zip(buttons, keys, strict=True):
        button.on_click(partial(clicked, key)(button))


def replace(images, keys, look):
    for place, key in enumerate(keys):
        images[place] = widgets.Image(value=look(key))


def hide_all(images, keys, look):
    for image in images:
        image.layout.display = "none"
    leave_the_old(images, keys, look)


def close_the_rest(images, keys, look):
    leave_the_old(images, keys, look)
    for image in images[len(keys) :]:
        image.close()


def blank_the_rest(images, keys, look):
    for image in images:
        image.value = b""
    leave_the_old(images, keys, look)


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("06-1", lambda way: way[:-1], "no query to show"),
        ("06-1", lambda way: way[1:] or way, "the oldest"),
        ("06-1", lambda way: way[-2] if way[1:] else way[0], "This is a key"),
        ("06-1", lambda way: way[::-1], "turned the way round"),
        ("06-1", lambda way: [*way, way[-2]] if way[1:] else way, "leads forward"),
        ("06-2", late, "loop variable"),
        ("06-2", at_once, "before any click"),
        ("06-2", with_the_button, "`clicked` gets the button"),
        ("06-2", without_the_button, "TypeError"),
        ("06-2", only_the_last, "Not every button"),
        ("06-3", leave_the_old, "still show"),
        ("06-3", hide_for_ever, "stays hidden"),
        ("06-3", make_new, "did not change"),
        ("06-3", empty_the_rest, "still a card"),
        ("06-1", lambda way: [k for k in way if k != way[-1]] or way, "occurs twice"),
        ("06-1", lambda way: way[:-1] if way[2:] else way, "one step back"),
        ("06-1", lambda way: way[:-1] or None, "returns nothing"),
        ("06-2", overwrite, "overwrites"),
        ("06-2", call_now, "before any click"),
        ("06-3", replace, "new widgets into the list"),
        ("06-3", hide_all, "All images are hidden"),
        ("06-3", close_the_rest, "closed image"),
        ("06-3", blank_the_rest, "still a card"),
    ],
)
def test_a_wrong_answer_hears_what_is_behind_it(name, answer, says):
    judged = verdict(name, answer)
    assert judged.state == "wrong"
    assert says in judged.says


def test_the_app_needs_only_the_cells_that_it_shows():
    names = {}
    for cell in builder.jupytext.read(SOURCE).cells:
        if cell.cell_type == "code" and "app" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    assert isinstance(names["browser"], zapsim.widgets.browser.Browser)
