# %% [markdown]
# # 10 · Bring your own catalogue
#
# Your pictures are not shoes on white. They have numbers for names. They lie in folders that somebody else
# made. Some of them are there twice. What is known about them is in a list that Excel saved. Here is such a
# folder. You take it from *unknown* to a recommender that was looked at and judged.
#
# **You will build** a judged recommender for pictures that nobody has prepared.
#
# **By the end you can**
#
# - open a folder that you do not know, and say what was left out,
# - join a list to its pictures, and see in which way they were joined,
# - find pictures that are there twice, and say why a threshold does not carry over,
# - judge neighbours with labels and without,
# - search with vectors that another program made, even with words.
#
# 🕐 40 minutes · **You need** [05](05_recommend.ipynb).

# %%
import tempfile
from pathlib import Path

import pandas as pd

import zapsim
from zapsim.course.joint_space import WORDS, picture_vectors, text_vector
from zapsim.course.own_pictures import fitting, labels_of
from zapsim.course.postcards import make_postcards
from zapsim.judge.stability import CHANGES

# %% [markdown]
# As it stands, the notebook makes a folder of postcards: 80 details of two photographs that come with scikit-learn,
# and some copies of them. For your own pictures, put a folder, `.zip` or `.tar` into `source`. `metadata` is a list
# that lies beside them, `on` is its column that says which picture a row is about, and `kind` is a column to judge by.
# Leave out what you don't have.

# %% tags=["parameters"]
source = None
metadata = None
on = None
kind = None
# Where features are kept; by default in a temporary folder.
store = None

# %%
copies = None
if source is None:
    source = Path(tempfile.mkdtemp()) / "postcards"
    copies = make_postcards(source)
    metadata, on, kind = "list.csv", "Number", "Motif"

# %% [markdown]
# ## What is in the folder?
# Look before you open. `rglob` lists all files below a folder; we count them by suffix.

# %%
suffixes = [path.suffix for path in Path(source).rglob("*") if path.is_file()]
pd.Series(suffixes, dtype=str).value_counts()

# %% [markdown]
# `load_catalogue` takes what it can read, and says what it did not take. A `.heic` is what an iPhone saves. Your
# computer shows it, but Pillow, the library that reads our pictures, does not.

# %%
catalogue = zapsim.load_catalogue(source)
catalogue

# %%
catalogue.plot(16)

# %% [markdown]
# `check` reads every picture once. One of the postcards was cut off in the middle of a copy: it is *unreadable*. What
# was left out is *skipped*, with what to do about it.

# %%
catalogue.check()[["problem", "key"]]

# %% [markdown]
# ## What is known about the pictures?
# A list with a row for each picture. Excel on a German Windows writes semicolons, because the comma is in the
# price; and it writes an encoding called *cp1252*, in which `ä` is a single byte. Nothing of that is in the file's
# name, so it has to be found out. This is what you would have to say to pandas:

# %%
if copies is not None:
    rows = pd.read_csv(Path(source) / metadata, sep=";", encoding="cp1252", dtype=str)
    display(rows.head(3))

# %% [markdown]
# Now the join. Row 101 belongs to `images/101.jpg`. By hand: take the file's name without its suffix (its *stem*),
# and merge. Never join by order: the list has 81 rows, and the folder has 93 pictures.

# %%
if copies is not None:
    stems = pd.Series([Path(key).stem for key in catalogue.keys], catalogue.keys, name="Number")
    by_hand = stems.reset_index().merge(rows, on="Number").set_index("key")
    display(by_hand.head(3))

# %% [markdown]
# zapsim does the same, and says in one line what it found out: encoding, separator, the column, the way of joining,
# and how many found each other. Read that line. It is the cheapest check there is.

# %%
catalogue = zapsim.load_catalogue(source, metadata=metadata, on=on)
catalogue.table.head(3)

# %%
if copies is not None:
    same = catalogue.table.loc[by_hand.index, ["Motif", "Seller", "Price"]].equals(
        by_hand[["Motif", "Seller", "Price"]].astype(object)
    )
    print("the same as by hand:", same)

# %% [markdown]
# ## 📝 Exercise 1: who has no row?
#
# **Goal:** find the pictures that the list does not know.
# **Given:** `catalogue.table`, one row a picture; and `column`, a column that comes from the list.
# **Wanted:** `my_unknown`, a list of their keys, in the table's order.
#
# *Hint:* a missing value is found by `.isna()`.

# %%
listed = fitting(catalogue, columns=[kind or "Closure"])
column = kind if listed is catalogue and kind else "Closure"
table = listed.table

# %% tags=["exercise"]
# stub: my_unknown = ...
my_unknown = list(table.index[table[column].isna()])

# %% tags=["check"]
from zapsim.course.exercise import check

check(
    my_unknown,
    lambda keys: list(keys) == [key for key in table.index if pd.isna(table.at[key, column])],
    hint="table[column].isna() is True where the list has no row; take the index there",
)

# %% [markdown]
# ## Extract
# As in 03. What cannot be read is named, and left out.

# %% tags=["nbval-ignore-output"]
features = zapsim.VGG16Extractor().extract(catalogue, cache=store or tempfile.mkdtemp())
catalogue = catalogue.subset(features.index)
predictor = zapsim.SimilarityPredictor(catalogue, features)

# %%
query = predictor.search("temple").append(catalogue.keys)[1]
predictor.plot(query, k=6)

# %% [markdown]
# These pictures are not on white and not of one size of thing, and yet: roofs find roofs. The network was trained on
# photographs of everything.

# %% [markdown]
# ## The same photo twice
# Shops have the same photo resized, saved again, cropped or mirrored. Is a high score enough to know them? Here are
# the pairs with the highest scores:

# %%
nearest = zapsim.top_k(features, k=1)
best = pd.Series(nearest.scores[:, 0], nearest.keys).sort_values(ascending=False)
tiles = []
for key in best.index[:16:2]:
    other = predictor.similar(key, k=1)["key"][0]
    tiles += [(catalogue.picture(each), f"{best[key]:.2f}\n{each}") for each in (key, other)]
zapsim.draw.plots.plot_pictures(tiles, columns=8)

# %% [markdown]
# Two pictures side by side are a pair. The first six pairs are copies. Then come pieces of plain sky: different photos,
# with scores of 0.94 and 0.95. A copy of half the size has only 0.91. So a score is not enough. `near_duplicates` takes pairs with
# high scores as *candidates*. It lays one picture on the other, moves it a little, mirrors it, and measures what is
# left: `distance`, from 0 (the same) to 1 (nothing in common).

# %%
duplicates = zapsim.near_duplicates(catalogue, features)
duplicates.round(3)

# %%
zapsim.plot_duplicates(catalogue, duplicates, n=6)

# %% [markdown]
# How many of the copies were found? We made them, so we know. `found` counts the copies that share a group with their
# original; `wrong` counts groups without one. The default threshold, 0.15, was chosen on shoes on white: there, two
# colours of one shoe must not count as a copy. Here it misses two copies, 0.2 to 0.5 finds all, and 0.7 takes other
# pictures for copies. So a threshold does not carry over. Measure it on *your* pictures: make copies of some of them,
# and count.


# %%
def judged(threshold):
    found = zapsim.near_duplicates(catalogue, features, threshold)
    groups = found.set_index("key")["group"]
    both = copies[["copy", "original"]].apply(lambda keys: keys.map(groups))
    together = both.loc[both["copy"] == both["original"], "copy"]
    wrong = groups.nunique() - together.nunique()
    return {"threshold": threshold, "found": len(together), "of": len(copies), "wrong": wrong}


# %%
if copies is not None:
    display(pd.DataFrame([judged(threshold) for threshold in (0.05, 0.15, 0.2, 0.5, 0.7)]))

# %% [markdown]
# In a shop the second copy is a wasted place. `hide_duplicates` shows one of each group, and none of the query's own:

# %%
query = duplicates["key"].tolist()[0] if len(duplicates) else catalogue.keys[0]
rows = {
    "all": predictor.similar(query, k=5),
    "without copies": predictor.similar(query, k=5, hide_duplicates=duplicates),
}
zapsim.plot_side_by_side(catalogue, query, rows, k=4)

# %% [markdown]
# ## Judge: with labels
# If a column says what is of a kind, judge as in 07: the share of the five neighbours that are of the query's kind.
# Copies would flatter the number, since a copy is always right. So each group of copies counts as one product
# (`exclude`).

# %%
shown, its_features = fitting(catalogue, features, classes=[kind] if kind else [])
its_kind = [kind] if shown is catalogue else ["Category"]
labels = labels_of(shown, its_kind)
groups = duplicates.set_index("key")["group"].reindex(shown.keys)
neighbours = zapsim.top_k(its_features, k=5, exclude=groups)
zapsim.evaluate(neighbours, labels, exclude=groups).round(2)

# %% [markdown]
# ## Judge: without labels
# No labels, no judging? You can still ask: *do the neighbours stay when a picture is changed as people change it?*
# `stability` changes pictures, searches with them, and counts the neighbours that stay. To stay the same is not to be
# right. But neighbours that do not stay cannot be trusted.

# %%
card = zapsim.stability(predictor, n=40)
zapsim.plot_scorecard(card)

# %% [markdown]
# Cropped, resized or saved again, a picture keeps most of its neighbours. *Mirrored*, it loses nearly half of them: the
# 2×2 grid knows left from right. For shoes that all point to the left this does no harm. If your pictures have no
# left and right, take `VGG16Extractor(grid=1)`, and measure again:

# %% tags=["nbval-ignore-output"]
without_grid = zapsim.VGG16Extractor(grid=1)
other = zapsim.SimilarityPredictor(catalogue, without_grid.extract(catalogue), without_grid)

# %%
one_grid = zapsim.stability(other, n=40, changes={"mirrored": CHANGES["mirrored"]})
both = pd.concat([card.loc[["mirrored"]], one_grid], keys=["2×2 grid", "no grid"])
both["neighbours kept"].round(2)

# %% [markdown]
# ## 📝 Exercise 2: a change of your own
#
# **Goal:** your customers' photos are darker than yours. Do their neighbours stay?
# **Given:** `zapsim.stability(predictor, n=20, changes={…})`. A change takes a picture, an array of whole numbers from 0
# to 255, and returns another of the same kind.
# **Wanted:** a function `darker(picture)` that halves every number.
#
# *Hint:* `picture // 2` stays an array of whole numbers.


# %% tags=["exercise"]
# stub: darker = ...
def darker(picture):
    return picture // 2


# %% tags=["check"]
some = catalogue.picture(catalogue.keys[0])
check(
    darker,
    lambda change: change(some).dtype == some.dtype and (change(some) == some // 2).all(),
    hint="every number halved, and still whole numbers from 0 to 255 (dtype uint8)",
)

# %%
if callable(darker):
    display(zapsim.stability(predictor, n=20, changes={"darker": darker}).round(2))

# %% [markdown]
# ## Look at all of it
# The map of 07: pictures that are alike lie together. Where do the groups end? Which picture lies among strangers?

# %%
zapsim.plot_map(catalogue, zapsim.map_catalogue(features), n=60)

# %% [markdown]
# ## Browse
# The filters are the list's columns. A search finds words in any of them.

# %% tags=["nbval-ignore-output"]
browser = zapsim.browse(predictor)
browser

# %% [markdown]
# Where widgets don't run, these are its pictures:

# %% tags=["nbval-ignore-output"]
browser.preview()

# %% [markdown]
# ## Vectors of your own, and words
# zapsim does not insist on VGG16. Any table of numbers with a row for each picture will do: `load_vectors` reads what
# another program saved. A model such as *CLIP* puts pictures **and texts** into one space, so that a text finds pictures.
# It is too large to ship here. So we make a tiny space by hand, to show how it works: eight words, and for each picture
# how much of each word is in it.

# %%
vectors = picture_vectors(catalogue)
vectors.head(3).round(2)

# %% [markdown]
# A text's vector is 1 for each word in it. `similar_to` takes the vector, as it takes a picture:

# %%
words = zapsim.SimilarityPredictor(catalogue, vectors)
found = words.similar_to(text_vector("orange smooth"), k=6)
zapsim.draw.plots.plot_pictures(
    [(picture, f"{score:.2f}\n{name}") for _, score, picture, name in words.with_pictures(found)]
)

# %% [markdown]
# `docs/own_vectors.md` shows the same with a real CLIP.

# %% [markdown]
# ## 📝 Exercise 3: search with words
#
# **Goal:** find dark green pictures.
# **Given:** `words`, a predictor; `text_vector(text)`; the words are in `WORDS`.
# **Wanted:** `my_found`, the table of the four nearest.
#
# *Hint:* a text may have several words.

# %% tags=["exercise"]
# stub: my_found = ...
my_found = words.similar_to(text_vector("dark green"), k=4)

# %% tags=["check"]
wanted = [float(word in ("dark", "green")) for word in WORDS]
check(
    my_found,
    lambda table: list(table["key"]) == list(words.similar_to(wanted, k=4)["key"]),
    hint="both words in one text, and k=4",
)

# %% [markdown]
# ## Take it away
# One file that opens in any browser, without Python and without a network: pictures, search, filters, neighbours, a map.

# %%
page = predictor.page(Path(tempfile.mkdtemp()) / "shop.html", title="My shop")
print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB")

# %% [markdown]
# ## You can now
#
# - ✅ open a folder that you do not know, and say what was left out,
# - ✅ join a list to its pictures, and see in which way they were joined,
# - ✅ find pictures that are there twice, and say why a threshold does not carry over,
# - ✅ judge neighbours with labels and without,
# - ✅ search with vectors that another program made, even with words.
#
# **Next:** put your own folder into `source`, at the top, and run all cells again.
