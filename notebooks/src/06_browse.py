# %% [markdown]
# # 06 · Browse
#
# Whoever walks from neighbour to neighbour sees what the features understand. A browser for that is small, if you
# build it in this order: first the *state*, then the *widgets*.
#
# **You will build** a browser by hand: one picture, then four. After that, zapsim's browser in one line.
#
# {goals}
#
# 🕐 30 minutes (2 running, 16 reading, 12 practice) · **You need** [05](05_recommend.ipynb).

# %% tags=["app"]
from functools import partial

import ipywidgets as widgets
import pandas as pd
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim.course import check, goals, question
from zapsim.course.own_pictures import fitting, load_or_extract, whose

# %% tags=["parameters", "app"]
source = None
# For pictures of your own: a folder for their features, as in 03.
cache = None

# %% tags=["app"]
catalogue = zapsim.load_catalogue(source)
features = load_or_extract(catalogue, cache)
catalogue, features = fitting(catalogue.subset(features.index), features, n=6)
predictor = zapsim.SimilarityPredictor(catalogue, features)
start = catalogue.sample(1, seed=6).keys[0]

# %% [markdown]
# ## State first
# What must a browser remember? Which item is the query, and how many neighbours are shown. Everything else follows
# from these two. That is its [state](glossary.md#state).
#
# The class below holds both. Its neighbours are computed as in 04: cosine similarity, without the query itself, the
# largest first.


# %%
class State:
    def __init__(self, query, k=4):
        self.query, self.k = query, k

    def neighbours(self):
        scores = cosine_similarity(features.loc[[self.query]], features)[0]
        scores = pd.Series(scores, features.index).drop(self.query)
        return scores.nlargest(self.k).index.tolist()


# %% [markdown]
# There is no widget yet, so you can try it with `print`. Look for two things: the kind of shoe, and the brand.

# %%
state = State(start)
print("query:", state.query)
print("\n".join(state.neighbours()))
whose(predictor)

# %% [markdown]
# All five are heels, and four of them are of one brand. Two are other colours of the query.
#
# ## 📝 Exercise 06-1: what a Back button does
#
# A browser also remembers the way: a list of all queries so far, the present one last.
#
# - **Goal:** write what one click on *Back* does, without any widget.
# - **Given:** `way`, a list of keys, such as `["a", "b", "c"]`. The query is `"c"`.
# - **Wanted:** `my_back(way)` returns the list after the click. If only one key is left, nothing changes.


# %% tags=["exercise"]
def my_back(way):
    """Return the way after one click on Back (list of keys)."""


check("06-1", my_back)

# %% [markdown]
# ## One image, one button, one callback
# A [widget](glossary.md#widget) is a thing on the page that Python can change: an image, a button, a text. A
# [callback](glossary.md#callback) is a function that is called when something happens, such as a click.
#
# Here, one click goes to the nearest neighbour. Read the callback `go_on`: it changes the state first, then the
# image's value. An image widget wants a picture file as bytes, and `catalogue.thumbnail` returns a small JPEG.

# %%
image = widgets.Image(value=catalogue.thumbnail(state.query), format="jpeg", width=136)
button = widgets.Button(description="Go to the nearest")


def go_on(button):
    state.query = state.neighbours()[0]
    image.value = catalogue.thumbnail(state.query)


button.on_click(go_on)

# %% tags=["nbval-ignore-output"]
widgets.VBox([image, button])

# %% [markdown]
# Click it, and look at the picture. A program can click, too. This is how widgets are tested. **Predict** before
# you run the next cell: which shoe is the query after the second click?

# %%
state.query = start
for _ in range(2):
    before = state.query
    button.click()
    print(before, "→", state.query)

# %% tags=["question"]
question("06-a")

# %% [markdown]
# ## Four cards, made once
# Now four neighbours. Each has a card: an image and a button below it. The cards are made **once**. After a click,
# the same four images get other values.
#
# Why not make new cards at each click? Every widget exists twice: in Python and on the page. A new one takes several
# messages between the two, and the old ones stay in memory. A new value takes one message.

# %%
chosen = widgets.Image(format="jpeg", width=136)
images = [widgets.Image(format="jpeg", width=136) for _ in range(4)]
buttons = [widgets.Button(description=f"Search like #{n}") for n in range(1, 5)]


def show():
    chosen.value = catalogue.thumbnail(state.query)
    for image, key in zip(images, state.neighbours(), strict=True):
        image.value = catalogue.thumbnail(key)


# %% [markdown]
# `show` is the only function that writes to the page. It reads the state, and never asks a widget. So there is one
# place to look when a picture is wrong.

# %% tags=["question"]
question("06-b")

# %% [markdown]
# ## The trap in the loop
# The buttons are not connected yet. The next cell tries it in a loop with three buttons. Each should add its own
# letter to the list. **Predict** the list.

# %%
letters = []


def connect(buttons, keys, clicked):
    for button, key in zip(buttons, keys, strict=True):
        button.on_click(lambda _: clicked(key))  # noqa: B023


three = [widgets.Button() for _ in range(3)]
connect(three, ["a", "b", "c"], letters.append)
for button in three:
    button.click()
letters

# %% [markdown]
# Three times "c". The lambda does not keep a copy of `key`. It looks at the variable when it is *called*, and then
# the loop is over. All three callbacks share one variable. Checkers such as ruff warn of it, as B023; the comment
# says that it stands here on purpose.
#
# ## 📝 Exercise 06-2: mend it
#
# - **Goal:** let every button remember its own key.
# - **Given:** `connect` from the cell above. Copy its two lines. `partial(f, x)` (from `functools`) makes a function
#   that remembers `x`: `partial(f, x)(y)` calls `f(x, y)`.
# - **Wanted:** `my_connect(buttons, keys, clicked)`. A click on a button calls `clicked` with this button's key, and
#   nothing is called before a click.


# %% tags=["exercise"]
def my_connect(buttons, keys, clicked):
    """Let each button call clicked with its own key."""


check("06-2", my_connect)

# %% [markdown]
# Our four buttons remember their *place*, not a key: after each click, another shoe stands there. The state knows
# which one. `choose` gets the place from `partial`, and the button from the click.


# %%
def choose(place, button):
    state.query = state.neighbours()[place]
    show()


for place, button in enumerate(buttons):
    button.on_click(partial(choose, place))

# %% tags=["nbval-ignore-output"]
show()
cards = [widgets.VBox(pair) for pair in zip(images, buttons, strict=True)]
widgets.VBox([chosen, widgets.HBox(cards)])

# %% [markdown]
# The picture above is the query, the row below shows its neighbours. Click a few times. Do the cards show what
# `predictor.similar` of notebook 05 finds? The next cell compares the pictures, and the keys.

# %%
state.query = start
buttons[2].click()
found = predictor.similar(state.query, k=4)["key"]
print("The query is now", state.query)
print("The cards agree:", [i.value for i in images] == [catalogue.thumbnail(k) for k in found])
print("The keys agree: ", state.neighbours() == found.tolist())

# %% [markdown]
# ## 📝 Exercise 06-3: fewer neighbours than cards
#
# A strict filter may leave two neighbours, and there are four cards. The other two still show the shoes of the
# click before.
#
# - **Goal:** show what is there, and hide the cards that have nothing to show.
# - **Given:** `images`, four of them; `keys`, as many or fewer; `look(key)` returns the bytes of a picture.
#   `image.layout.display = "none"` hides an image, `""` shows it again.
# - **Wanted:** `my_show(images, keys, look)`. It changes the given images, and makes no new ones.


# %% tags=["exercise"]
def my_show(images, keys, look):
    """Show the pictures of keys, and hide the images left over."""


check("06-3", my_show)

# %% [markdown]
# ## Errors hide
# A callback is not called by your cell. If it stops with an error, no cell turns red. In most front ends the page
# just stays as it is. So catch errors in the callback, and show them in a *status line*: a text on the page.
#
# `careful` takes an action, and returns a callback that can no longer fail in silence. The second cell tries it with
# a mistake: it asks for 0 neighbours.

# %%
status = widgets.Label()


def careful(action):
    def callback(button):
        try:
            action(button)
            status.value = f"{state.k} neighbours of {state.query}"
        except Exception as error:
            status.value = f"{type(error).__name__}: {error}"

    return callback


# %%
def show_none(button):
    predictor.similar(state.query, k=0)


nothing = widgets.Button(description="Show 0 neighbours")
nothing.on_click(careful(show_none))
nothing.click()
print(status.value)

# %% [markdown]
# The status line says what was wrong, what came in, and what is wanted. Without `careful`, a person would click, and
# see nothing.

# %% tags=["question"]
question("06-c")

# %% [markdown]
# ## The same, by zapsim
# `zapsim.browse` is built as yours: a plain state, cards that are made once, and a status line. One line makes it.

# %% [markdown] tags=["app"]
# The framed shoe is the query. Click *Search like #…* under a neighbour, and that becomes the query; its
# own neighbours appear at once. *Surprise me* draws any item that matches the filters. All of it works by keyboard,
# too: Tab goes on, Enter clicks.

# %% tags=["app"]
browser = zapsim.browse(predictor, start)
browser

# %% [markdown]
# Widgets don't run on GitHub. There, only a line of text stands above. These are its pictures, without the controls:

# %% tags=["nbval-ignore-output"]
browser.preview()

# %% [markdown]
# The notebook can ask the browser's state, as it asked yours. As long as you set no filter, it is the same list:

# %%
state.query = browser.state.query
theirs = browser.state.neighbours()["key"].head(4).tolist()
print("The same neighbours:", state.neighbours() == theirs)

# %% [markdown]
# What it adds to yours:
#
# | control | what it does |
# |---|---|
# | search box | words such as *boots women*, then Enter |
# | filters | they know each other: only values that still find something are offered |
# | chips (*✕ Boots*) | each filter that is set; a click takes it away |
# | *+* and *−* on a card | more like it, or less like it |
# | a click on the framed picture | only this quarter of it counts |
# | *☆* | a favourite; *★ 2* shows all of them |
# | *Search with my picture* | a photo of your own is the query |
# | *Export* | what is shown, as HTML or CSV |
#
# Try this: set two filters, ask for more like one shoe, keep two favourites, and export them.

# %% tags=["question"]
question("06-d")

# %% [markdown]
# Two more ways reach people who don't want to see code:
#
# - `predictor.page("shop.html")` writes the catalogue as one file. It opens with a double click in any browser,
#   without Python. You will do it in 10.
# - `make app` in a terminal serves this notebook as a web page, by [Voila](https://voila.readthedocs.io). Only the
#   browser is seen. Everybody who opens the page gets a state of their own.
#
# ## 📝 Exercise 06-4: say it in words
#
# A colleague keeps the query in a label: `label.value` is the key, and each callback reads it from there.
#
# - **Goal:** explain what you would change, and why.
# - **Given:** what you built above.
# - **Wanted:** `my_words`, a text of two sentences: where should the query live, and what is then left for the
#   widgets to do?

# %% tags=["exercise"]
my_words = ...

check("06-4", my_words)

# %% [markdown]
# ## You can now
# Build a browser that other people can click, and find the error when a click does nothing. The state is plain
# Python; the widgets only show it.

# %%
goals("06")

# %% [markdown]
# **Next:** it looks good, but is it any good? [07](07_is_it_any_good.ipynb) measures it.
