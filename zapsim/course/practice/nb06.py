"""06 · Browse: what is practised, right answers, and what is behind wrong ones."""

import ipywidgets as widgets

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "keep a browser's state in plain Python, and try it without a widget",
    "connect image, button and callback, and find out why a click does nothing",
    "make a row of cards once, and change only their values",
    "browse a catalogue with filters, and say why their values change",
)

# The fourth goes to and fro, as many shoes do.
_WAYS = (["a", "b", "c"], ["a", "b"], ["a", "b", "a", "d"], ["a", "b", "a"], ["a"])
_KEYS = ("a", "b", "c")
_SHOWN = (["a", "b", "c", "d"], ["e", "f"], ["b", "a", "f", "e"])


def _ways(answer):
    return [answer(list(way)) for way in _WAYS]


def _each_way(back):
    return lambda: [back(way) for way in _WAYS]


class _Button(widgets.Button):
    """A button whose click raises what goes wrong: ipywidgets would print it, and go on."""

    def __init__(self):
        super().__init__()
        self.callbacks = []

    def on_click(self, callback, remove=False):
        self.callbacks.append(callback)

    def is_overwritten(self):
        return "on_click" in vars(self)

    def click(self):
        for callback in self.callbacks:
            callback(self)


def _clicks(answer):
    """Return what was called before any click, and what each click adds."""
    buttons, called = [_Button() for _ in _KEYS], []

    def clicked(*got):
        called.extend(got)

    answer(buttons, list(_KEYS), clicked)
    if any(button.is_overwritten() for button in buttons):
        return "overwritten"
    heard = [_joined(called)]
    for button in buttons:
        called.clear()
        try:
            button.click()
            heard.append(_joined(called))
        except Exception as error:
            heard.append(f"{type(error).__name__}: {error}")
    return heard if any(heard) else None


def _joined(called):
    return " ".join(each if isinstance(each, str) else type(each).__name__ for each in called)


def _row_after(answer):
    """Return the keys that a row of images shows after each of several calls; "" stands for hidden."""
    images, shown = [widgets.Image(value=b"old") for _ in range(4)], []
    for keys in _SHOWN:
        given = list(images)
        returned = answer(given, list(keys), str.encode)
        shown.append([_seen(image) for image in images])
        if any(one is not other for one, other in zip(given, images, strict=False)):
            return "replaced"
    untouched = all(bytes(image.value) == b"old" for image in images)
    if untouched and returned is None and not any("" in row for row in shown):
        return None
    return shown


def _seen(image):
    """Return the key that an image shows; "" if it is hidden, "empty" if it has no picture."""
    if image.comm is None:
        return "closed"
    hidden = image.layout.display == "none" or image.layout.visibility == "hidden"
    return "" if hidden else bytes(image.value).decode() or "empty"


def _row(second, third=_SHOWN[2]):
    return lambda: [_SHOWN[0], second, third]


EXERCISES = (
    Exercise(
        "06-1",
        goal=1,
        call=_ways,
        tried=tuple(f"my_back({way})" for way in _WAYS),
        expected=_each_way(lambda way: way[:-1] or way),
        mistakes=(
            Mistake(
                "With only one key left, your way is empty: then there is no query to show.",
                value=_each_way(lambda way: way[:-1]),
            ),
            Mistake(
                "With only one key left, your function returns nothing. Return the way as it is.",
                when=lambda got: got[-1] is None and None not in got[:-1],
            ),
            Mistake(
                "From two keys, one step back is possible: the first of them is left.",
                when=lambda got: got[1] == ["a", "b"],
            ),
            Mistake(
                "A key that occurs twice in the way is lost in both places. Only the last entry goes.",
                when=lambda got: got[3] == ["b"],
            ),
            Mistake(
                "You took the oldest key away. Back drops the newest one, at the end of the list.",
                when=lambda got: got[0] == ["b", "c"],
            ),
            Mistake(
                "This is a key. The whole way is wanted, or the next click has nothing to go back to.",
                when=lambda got: isinstance(got[0], str),
            ),
            Mistake(
                "You turned the way round. Then the first query of all becomes the present one.",
                when=lambda got: got[0] == ["c", "b", "a"],
            ),
            Mistake(
                "The key before was added once more. Then a second click leads forward again.",
                when=lambda got: got[0] == ["a", "b", "c", "b"],
            ),
        ),
        hints=(
            "The present query is the last key of the list. After the click, it is gone.",
            "`way[:-1]` is the list without its last key. What is it if `way` has one key only?",
            "An empty list counts as false: return `way[:-1] or way`.",
        ),
        solution='''
def my_back(way):
    """Return the way after one click on Back (list of keys)."""
    return way[:-1] or way
''',
        explains="And you tried a Back button without any button.",
    ),
    Exercise(
        "06-2",
        goal=2,
        call=_clicks,
        tried=("Before any click, it", *(f"A click on the button of {key!r}" for key in _KEYS)),
        expected=lambda: ["", *_KEYS],
        mistakes=(
            Mistake(
                "`button.on_click = …` overwrites what connects. Call it: `button.on_click(…)`.",
                when=lambda got: got == "overwritten",
            ),
            Mistake(
                "Every click gives the last key. All callbacks look at the same loop variable, after the loop.",
                value=lambda: ["", "c", "c", "c"],
            ),
            Mistake(
                "`clicked` was called before any click. `on_click` wants a function, not what a call returns.",
                when=lambda got: got[0] != "",
            ),
            Mistake(
                "`clicked` gets the button. It wants the key: let a function of yours take the button and drop it.",
                when=lambda got: any("Button" in each for each in got[1:]),
            ),
            Mistake(
                "Your callback stops with a TypeError. A click calls it with one thing more, the button.",
                when=lambda got: any("TypeError" in each for each in got[1:]),
            ),
            Mistake(
                "Not every button is connected. Call `on_click` inside the loop, once for each button.",
                when=lambda got: "" in got[1:],
            ),
            Mistake(
                "A click calls more than one callback. Connect each button with its own key only.",
                when=lambda got: any(" " in each for each in got[1:]),
            ),
        ),
        hints=(
            "Each callback needs its own copy of `key`, made while the loop runs.",
            "`partial(f, key)` copies `key`. A click calls it with the button, so `f` takes both.",
            "`button.on_click(partial(lambda key, _: clicked(key), key))` is the line in the loop.",
        ),
        solution='''
def my_connect(buttons, keys, clicked):
    """Let each button call clicked with its own key."""
    for button, key in zip(buttons, keys, strict=True):
        button.on_click(partial(lambda key, _: clicked(key), key))
''',
        explains="`lambda _, key=key: clicked(key)` does the same: a default is copied when it is written.",
    ),
    Exercise(
        "06-3",
        goal=3,
        call=_row_after,
        tried=tuple(
            f'The row after my_show(images, {keys}, look), "" where hidden,' for keys in _SHOWN
        ),
        expected=_row(["e", "f", "", ""]),
        mistakes=(
            Mistake(
                "The images left over still show the shoes of the click before. Hide them.",
                value=_row(["e", "f", "c", "d"]),
            ),
            Mistake(
                "An image that was hidden stays hidden. When a key comes back, show its image again.",
                value=_row(["e", "f", "", ""], ["b", "a", "", ""]),
            ),
            Mistake(
                "You put new widgets into the list. They are not on the page: change the value of those given.",
                when=lambda got: got == "replaced",
            ),
            Mistake(
                "All images are hidden at the end. Show those that have a key again.",
                when=lambda got: {key for row in got for key in row} == {""},
            ),
            Mistake(
                "The given images did not change. Set `image.value`; new widgets are not on the page.",
                when=lambda got: {key for row in got for key in row} <= {"old", ""},
            ),
            Mistake(
                "A closed image is gone from the page for ever. Hide it, so that it can come back.",
                when=lambda got: any("closed" in row for row in got),
            ),
            Mistake(
                "Their places are mixed up. The first image shows the first key.",
                when=lambda got: sorted(got[0]) == sorted(_SHOWN[0]) and got[0] != _SHOWN[0],
            ),
            Mistake(
                "An image without a key should be hidden. An empty or repeated picture is still a card.",
                when=lambda got: got[0] == _SHOWN[0] and "" not in got[1],
            ),
        ),
        hints=(
            "Go through all images, with their places. Each has a key, or is left over.",
            "`for place, image in enumerate(images)`: if `place < len(keys)`, show it, else hide it.",
            'Show: `image.value = look(keys[place])` and `image.layout.display = ""`. Hide: `image.layout.display = "none"`.',
        ),
        solution='''
def my_show(images, keys, look):
    """Show the pictures of keys, and hide the images left over."""
    for place, image in enumerate(images):
        there = place < len(keys)
        image.layout.display = "" if there else "none"
        if there:
            image.value = look(keys[place])
''',
        explains="No widget was made, so the page only gets what has changed.",
    ),
    Exercise(
        "06-4",
        goal=1,
        ideas={
            "where the query should live": r"\b(state|class|dict\w*|variable|attribute|object|plain|python)\b",
            "what is left for the widgets": (
                r"\b(show|display|mirror|draw|view|tell|present|render|reflect|print)\w*\b"
                r"|\b(written|filled|updated|made) from\b|\bread only\b|\bclicks?\b"
            ),
        },
        hints=(
            "Think of the day when the label should show the brand instead of the key.",
            "Which part of your browser could you try with `print`, before there was a widget?",
            "Say that the query lives in a plain Python object, and that the label only shows it.",
        ),
        solution="""
my_words = (
    "The query lives in a plain Python object, the state, so it can be tried without a page. "
    "The label only shows it, and a click only tells the state what was chosen."
)
""",
        explains="A widget's text is made for people. If it keeps the query, a shorter text loses it.",
    ),
)


QUESTIONS = (
    Question(
        "06-a",
        goal=2,
        text="After two clicks, you are back at the first shoe. Why?",
        options=(
            Option(
                "The second click undoes the first one.",
                "The callback knows no way back. It asks for the nearest item, twice.",
            ),
            Option(
                "Each of the two shoes is the nearest of the other.",
                "If no shoe is nearer to either of them, you go to and fro. It is so for more than half of MiniZap's pictures.",
                right=True,
            ),
            Option(
                "The image was not drawn again.",
                "The printed keys come from the state, not from the image, and they say the same.",
            ),
            Option(
                "The state was set to the first shoe after each click.",
                "That happened once, before the loop. The first click did change the query.",
            ),
        ),
    ),
    Question(
        "06-b",
        goal=3,
        text="A browser makes twelve new cards at each click. After an hour it is slow. What is behind it?",
        options=(
            Option(
                "The similarities take longer and longer.",
                "The matrix has the same size at each click, and so takes the same time.",
            ),
            Option(
                "Pictures are too large for widgets.",
                "Twelve cards that are made once show the same pictures, and they stay fast.",
            ),
            Option(
                "The old cards are still there, in Python and on the page.",
                "Nobody closes them. Make twelve once: after an hour there are still twelve.",
                right=True,
            ),
        ),
    ),
    Question(
        "06-c",
        goal=2,
        text="You click your new button. Nothing changes, and no cell shows an error. What do you do first?",
        options=(
            Option(
                "Catch errors in the callback, and show them in a status line.",
                "The cell that made the button is long done. So an error in the callback has no cell to appear in.",
                right=True,
            ),
            Option(
                "Nothing failed, so look at the picture files.",
                "That no error is seen does not say that none was raised. Callbacks hide them.",
            ),
            Option(
                "Make the widgets again at each click.",
                "Then the same error is raised with new widgets, and it is hidden as well.",
            ),
            Option(
                "Restart the kernel until it works.",
                "The same code gives the same error. After the restart it is as hidden as before.",
            ),
        ),
    ),
    Question(
        "06-d",
        goal=4,
        text="In zapsim's browser you set Category to Boots. Now Closure offers fewer values. Why?",
        options=(
            Option(
                "The data of the other closures is lost.",
                "Nothing is lost: take the chip away, and all values are back.",
            ),
            Option(
                "Only the closures of the eight shown neighbours are offered.",
                "The filters look at all items, not only at those that have a card.",
            ),
            Option(
                "The network sees no other closures on boots.",
                "Filters read the table of the catalogue. No picture is looked at.",
            ),
            Option(
                "Only closures that occur on boots are offered.",
                "The filters know each other, so no choice leads to an empty page.",
                right=True,
            ),
        ),
    ),
)
