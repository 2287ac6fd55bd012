# %% [markdown]
# # 05 · Browse
#
# A list of five neighbours answers one question. Walking from neighbour to neighbour shows what the
# features *mean*: which way leads from sandals to boots, and where the model leads you astray.
#
# **You will build** a browser for your catalogue, in one line, and then your own in a dozen.
#
# **By the end you can**
#
# - browse any catalogue in JupyterLab, Colab or as a web page,
# - search it with a photo of your own, and take what you found with you,
# - say how state, scores and widgets fit together, and add a control of your own.
#
# 🕐 20 minutes · **You need** [04](04_recommend.ipynb).

# %%
import ipywidgets as widgets

import zapsim

# %% tags=["parameters"]
source = None
# For pictures of your own: the folder that was `cache` in 00.
store = None

# %%
catalogue = zapsim.load_catalogue(source)
features = zapsim.load_features(store)
predictor = zapsim.SimilarityPredictor(catalogue, features)

# %% [markdown]
# ## First see it
# Set a filter, and let yourself be surprised: *Surprise me* keeps to the filter. Everything can be
# reached by keyboard, too: Tab goes on, Enter clicks.

# %% [markdown] tags=["app"]
# The framed shoe is the query. Click *Search like #…* under a neighbour, and that becomes the query; its
# own neighbours appear at once. Go on, come back, filter, lose yourself in the catalogue.

# %% tags=["app"]
first = catalogue.sample(1, seed=6).keys[0]
browser = zapsim.browse(predictor, first)
browser

# %% [markdown]
# Where widgets don't run, as on GitHub, nothing but a line of text stands above. This is what it
# looks like, frozen:

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
# Three parts, and each of them knows only the one before: *state* (what is the query?), *scores* (who
# is near?), *cards* (show them). Keep state in plain Python, and widgets become thin: they tell the
# state what was clicked, and show what it says.
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
# **Goal:** walk three steps from `first`, each time to the nearest neighbour that is *not* of the same
# product.
# **Given:** `predictor.similar(key, k=1, hide_colourways=True)`, a table with one row; `first`, a key.
# **Wanted:** `my_walk`, a list of the three keys you came by.
#
# *Hint:* a loop, in which the key found becomes the next query. `table["key"].iloc[0]` is the key.

# %% tags=["exercise"]
# stub: my_walk = ...
my_walk, key = [], first
for _ in range(3):
    key = predictor.similar(key, k=1, hide_colourways=True)["key"].iloc[0]
    my_walk.append(key)

# %% tags=["check"]
from zapsim.browsing import BrowserState
from zapsim.exercise import check

walker = BrowserState(predictor, first, k=1)
walker.set_hide_colourways(True)
expected = []
for _ in range(3):
    walker.show(walker.neighbours()["key"].iloc[0])
    expected.append(walker.query)
check(my_walk, expected, hint="three keys; the first is the nearest to `first`, colourways hidden")

# %%
if isinstance(my_walk, list) and set(my_walk) <= set(catalogue.keys):
    display(catalogue.subset([first, *my_walk]).plot())

# %% [markdown]
# ## 📝 Exercise 2: a second row, "same brand only"
#
# **Goal:** the little browser above shows any brand. Write what a second row would show: the four
# nearest items of the query's own brand.
# **Given:** `predictor.similar(..., where={"Brand": ...})`; `catalogue.table.loc[key, "Brand"]`.
# **Wanted:** a function `same_brand_row(key)` that returns a list of four `widgets.Image`, in the order of
# the neighbours.
#
# *Hint:* `widgets.Image(value=catalogue.thumbnail(key), format="jpeg", width=136)`.


# %% tags=["exercise"]
# stub: same_brand_row = ...
def same_brand_row(key):
    brand = catalogue.table.loc[key, "Brand"]
    found = predictor.similar(key, k=4, where={"Brand": brand})
    return [
        widgets.Image(value=catalogue.thumbnail(k), format="jpeg", width=136) for k in found["key"]
    ]


# %% tags=["check"]
def shows_the_same_brand(function):
    where = {"Brand": catalogue.table.loc[first, "Brand"]}
    expected = predictor.similar(first, k=4, where=where)["key"]
    return [image.value for image in function(first)] == [catalogue.thumbnail(k) for k in expected]


check(same_brand_row, shows_the_same_brand, hint="four pictures, filtered by the query's brand")

# %% tags=["nbval-ignore-output"]
if same_brand_row is not ...:
    display(widgets.HBox(same_brand_row(first)))

# %% [markdown]
# ## Without code: as a web page
# `make app` in a terminal serves this notebook with [Voila](https://voila.readthedocs.io) as a page: only the
# browser, no cells. Everybody who opens it gets a session of their own.

# %% [markdown]
# ## You can now
#
# - ✅ browse any catalogue in JupyterLab, Colab or as a web page,
# - ✅ search it with a photo of your own, and take what you found with you,
# - ✅ say how state, scores and widgets fit together, and add a control of your own.
#
# **Next:** in 06 somebody asks whether it is any good, and you have an answer.
