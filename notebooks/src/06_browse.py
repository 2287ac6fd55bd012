# %% [markdown]
# # 06 · Browse
#
# A list of five neighbours answers one question. Walking from neighbour to neighbour shows what the
# features *mean*.
#
# **You will build** a browser for your catalogue, in one line, and then your own in a dozen.
#
# **By the end you can**
#
# - browse any catalogue in JupyterLab, Colab or as a web page,
# - search it with a photo of your own, and take what you found with you,
# - say how state, scores and widgets fit together, and build a row of your own.
#
# 🕐 20 minutes · **You need** [05](05_recommend.ipynb).

# %%
import ipywidgets as widgets

import zapsim
from zapsim.course.own_pictures import fitting, load_or_extract
from zapsim.draw.plots import plot_pictures

# %% tags=["parameters"]
source = None
# For pictures of your own: a folder for their features, such as `cache` in 00.
store = None

# %%
catalogue = zapsim.load_catalogue(source)
features = load_or_extract(catalogue, store)
catalogue, features = fitting(catalogue.subset(features.index), features, n=5)
predictor = zapsim.SimilarityPredictor(catalogue, features)

# %% [markdown]
# ## First see it
# Set a filter, and let yourself be surprised: *Surprise me* keeps to the filter. Everything can be
# reached by keyboard, too: Tab goes on, Enter clicks.

# %% [markdown] tags=["app"]
# The framed shoe is the query. Click *Search like #…* under a neighbour, and that becomes the query; its
# own neighbours appear at once. Go on, come back, filter, lose yourself in the catalogue. Words such as
# *boots women* and Enter show what matches. *+* and *−* on a card ask for more like it, or less, and a click on
# the framed picture for a part of it alone; *☆* keeps a favourite. Then try *Search with my picture* with a photo
# of your own, and *Export*: a table of what is shown, to take with you.

# %% tags=["app"]
first = catalogue.sample(1, seed=6).keys[0]
browser = zapsim.browse(predictor, first)
browser

# %% [markdown]
# Where widgets don't run, as on GitHub, nothing but a line of text stands above. These are its pictures,
# without the controls:

# %% tags=["nbval-ignore-output"]
browser.preview()

# %% [markdown]
# The widget remembers everything, and the notebook can ask. Whatever you clicked last is here:

# %%
browser.state.query

# %%
browser.state.neighbours()[["rank", "key", "score"]].head(3).round(3)

# %% [markdown]
# ## Then see how little it takes
# Three parts: *state* (what is the query? `state` below), *scores* (who is near? `predictor.similar`) and *cards*
# (the pictures and buttons). Keep state in plain Python, and widgets become thin: they tell the state what was
# clicked (`clicked`; each button carries the key of its shoe), and show what it says (`show`).
#
# The cards are made **once**; afterwards only their pictures change. Making widgets is slow, changing
# one is fast.

# %%
state = {"query": first}
cards = [(widgets.Image(width=136, format="jpeg"), widgets.Button()) for _ in range(4)]


def show():
    for (image, button), key in zip(
        cards, predictor.similar(state["query"], k=4)["key"], strict=True
    ):
        image.value = catalogue.thumbnail(key)
        button.description, button.key = "Search like this", key


def clicked(button):
    state["query"] = button.key
    show()


# %% tags=["nbval-ignore-output"]
for _, button in cards:
    button.on_click(clicked)
show()
mine = widgets.HBox([widgets.VBox(card) for card in cards])
display(mine)

# %% [markdown]
# A click is a function call, so a program can click as well:

# %%
print("before:", state["query"])
cards[0][1].click()
print("after: ", state["query"])

# %% [markdown]
# ## 📝 Exercise 1: a neighbour's neighbour
#
# **Goal:** walk three steps from `start`, each time to the nearest item of another product *where you have not
# been yet* (otherwise you would soon go to and fro: your nearest neighbour's nearest neighbour is often you).
# **Given:** `predictor.similar(key, k=9, hide_colourways=True)`, a table, nearest first; `start`, a key.
# **Wanted:** `my_walk`, a list of the three keys you came by.
#
# *Hint:* two loops. The inner one goes through `table["key"]` and stops at the first key that is neither
# `start` nor in `my_walk`; it becomes the next query.

# %%
start = catalogue.sample(1, seed=68).keys[0]
start

# %% tags=["exercise"]
# stub: my_walk = ...
my_walk, key = [], start
for _ in range(3):
    found = predictor.similar(key, k=9, hide_colourways=True)["key"]
    key = next(k for k in found if k not in [start, *my_walk])
    my_walk.append(key)

# %% tags=["check"]
from zapsim.course.exercise import check
from zapsim.widgets.browser_state import BrowserState

walker = BrowserState(predictor, start, k=9)
walker.set_hide_colourways(True)
expected = [start]
for _ in range(3):
    walker.show(next(key for key in walker.neighbours()["key"] if key not in expected))
    expected.append(walker.query)
check(
    my_walk,
    expected[1:],
    hint="each step starts from the one before it; neither `start` nor a key twice; colourways hidden",
)

# %% [markdown]
# Your walk, step by step. Did you leave the kind of shoe you started from?

# %%
try:
    titles = {key: catalogue.caption(key) for key in [start, *my_walk]}
    display(plot_pictures([(catalogue.picture(key), title) for key, title in titles.items()]))
except (TypeError, KeyError):
    print("No walk yet.")

# %% [markdown]
# ## 📝 Exercise 2: a second row, "same brand only"
#
# **Goal:** the little browser above shows any brand. Write what a second row would show: the four
# nearest items of the query's own brand (its other colourways may be among them).
# **Given:** `shop`, a predictor: `shop.similar(..., where={"Brand": ...})`; `shop.table.loc[key, "Brand"]`.
# **Wanted:** a function `same_brand_row(key)` that returns a list of four `widgets.Image` (fewer, if the brand
# has fewer items), in the order of the neighbours.
#
# *Hint:* `widgets.Image(value=shop.catalogue.thumbnail(key), format="jpeg", width=136)`.

# %%
shop = fitting(predictor, columns=["Brand"])
branded = shop.table.dropna(subset=["Brand"]).index


# %% tags=["exercise"]
# stub: same_brand_row = ...
def same_brand_row(key):
    brand, look = shop.table.loc[key, "Brand"], shop.catalogue.thumbnail
    found = shop.similar(key, k=4, where={"Brand": brand})
    return [widgets.Image(value=look(k), format="jpeg", width=136) for k in found["key"]]


# %% tags=["check"]
def shows_the_same_brand(function):
    look = shop.catalogue.thumbnail
    for key in (branded[0], branded[-1]):
        where = {"Brand": shop.table.loc[key, "Brand"]}
        expected = shop.similar(key, k=4, where=where)["key"]
        if [image.value for image in function(key)] != [look(k) for k in expected]:
            return False
    return True


check(
    same_brand_row,
    shows_the_same_brand,
    hint="the four nearest of `key`'s own brand, in that order",
)

# %% tags=["nbval-ignore-output"]
try:
    display(widgets.HBox(list(same_brand_row(branded[0]))))
except Exception:
    print("No row yet.")

# %% [markdown]
# ## Without code: as a web page
# `make app` in a terminal serves this notebook with [Voila](https://voila.readthedocs.io) as a page: only the
# browser, no cells. Everybody who opens it gets a session of their own.

# %% [markdown]
# ## You can now
#
# - ✅ browse any catalogue in JupyterLab, Colab or as a web page,
# - ✅ search it with a photo of your own, and take what you found with you,
# - ✅ say how state, scores and widgets fit together, and build a row of your own.
#
# **Next:** in 07 somebody asks whether it is any good, and you have an answer.
