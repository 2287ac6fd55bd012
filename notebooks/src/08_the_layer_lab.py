# %% [markdown]
# # 08 · The layer lab
#
# Why cut after `block4_pool`, why a 2×2 grid? Try it. But if you try many settings, one will look best by luck.
#
# **You will build** a table of cuts, and an honest way to name a winner.
#
# {goals}
#
# 🕐 30 minutes (2 running, 16 reading, 12 practice) · **You need** [07](07_is_it_any_good.ipynb), and Keras:
# `pip install "zapsim[keras]"`. Python 3.14 has none yet.

# %%
import keras
import numpy as np
import pandas as pd
from keras.applications.vgg16 import preprocess_input

import zapsim
from zapsim.course import check, goals, hint, question, solution
from zapsim.course.own_pictures import fitting, kind_of, labels_of, readable_sample, whose

# %% tags=["parameters"]
source = None
n_items = 300

# %% [markdown]
# ## What we judge by
# One colourway of each product, so that no item has a twin. Labels are subcategories, as in 07.

# %%
catalogue = zapsim.load_catalogue(source)
catalogue = fitting(catalogue, classes=kind_of(catalogue), n=6)
products = catalogue.table.get("Product")
one_each = catalogue if products is None else catalogue.subset(products.drop_duplicates().index)
labels = labels_of(one_each, kind_of(one_each)).dropna()
lab = readable_sample(one_each.subset(labels.index), n_items, seed=42)
labels = labels[lab.keys]
whose(lab)
print(len(lab), "items in", labels.nunique(), "classes")

# %% [markdown]
# ## By hand: one pass, two settings
# One pass gives maps, which can be averaged in several ways. We compare two grids on those of `block4_pool`, at
# 64×64 pixels.

# %%
vgg = keras.applications.VGG16(
    weights=zapsim.VGG16_WEIGHTS, include_top=False, input_shape=(64, 64, 3)
)
cut = keras.Model(vgg.input, vgg.get_layer("block4_pool").output)
small = zapsim.VGG16Extractor(image_size=64)
squares = np.stack([small.square(lab.picture(key)) for key in lab.keys])
maps = cut.predict(preprocess_input(np.float32(squares)), verbose=0)
maps.shape

# %% [markdown]
# The maps have 4×4 cells. A 1×1 grid averages all, a 2×2 grid four blocks of 2×2.


# %%
def averaged(maps, grid):
    n, side, _, channels = maps.shape
    cells = maps.reshape(n, grid, side // grid, grid, side // grid, channels)
    return np.sqrt(cells.mean(axis=(2, 4))).reshape(n, -1)


# %% [markdown]
# Precision@5 of each query, as 07 counted by hand:


# %%
def precision_of(vectors):
    nearest = zapsim.top_k(pd.DataFrame(vectors, lab.keys), k=5)
    return zapsim.query_scores(nearest, labels)["precision@5"].to_numpy()


first, second = precision_of(averaged(maps, 2)), precision_of(averaged(maps, 1))
print(f"2×2 grid: {first.mean():.3f}")
print(f"1×1 grid: {second.mean():.3f}")

# %% [markdown]
# The 2×2 grid is ahead by 0.04. But both answered the same queries. Which found more for each?

# %% [markdown]
# ## 📝 Exercise 08-1: query by query
#
# - **Goal:** compare two settings query by query.
# - **Given:** two arrays like `first` and `second`: entry *i* of both belongs to query *i*.
# - **Wanted:** a function that returns three counts: for how many queries the first is better, worse, the same.


# %% tags=["exercise"]
def my_count(first, second):
    """Return for how many queries first is better, worse, the same (three whole numbers)."""


check("08-1", my_count)

# %% [markdown]
# ## How sure is it?
# A [bootstrap](glossary.md#bootstrap) answers: draw as many queries at random, some twice and some never, take the
# mean, and repeat that 1,000 times. The middle 95 % of these means are the [interval](glossary.md#interval). Four
# lines:


# %%
def interval_of(values):
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(values), size=(1000, len(values)))
    means = values[drawn].mean(axis=1)
    return np.quantile(means, [0.025, 0.975])


# %% [markdown]
# Three intervals follow: one for each grid, and one for the [paired difference](glossary.md#paired-difference), first
# minus second, query by query. Do the first two overlap? Does the third one contain 0?

# %%
for name, values in {"2×2": first, "1×1": second, "difference": first - second}.items():
    low, high = interval_of(values)
    print(f"{name:12}{values.mean():.3f}, interval {low:.3f} to {high:.3f}")

# %% [markdown]
# The first two overlap: some sets of queries are harder than others. But a hard query is hard for both grids, and
# in the difference this cancels out. Its interval lies above 0. So the 2×2 grid is better here, although the two
# intervals overlap.

# %% tags=["question"]
question("08-a")

# %% [markdown]
# ## The same with zapsim
# `extract_cuts` makes one pass for several layers and grids, `paired_difference` compares two kinds of neighbours.

# %%
two = zapsim.extract_cuts(lab, ["block4_pool"], grids=(1, 2), image_size=64)
one, other = (zapsim.top_k(two[f"block4_pool {grid} at 64"], k=5) for grid in ("2×2", "1×1"))
compared = zapsim.paired_difference(one, other, labels).loc["precision@5"]
by_hand = [(first - second).mean(), *interval_of(first - second)]
print("they agree:", np.allclose(compared[["difference", "low", "high"]], by_hand, atol=0.005))
compared.round(3)

# %% [markdown]
# ## A table of cuts
# Now three layers and three grids at 128×128 pixels, and the two from above at 64×64. We add a [PCA](glossary.md#pca)
# of one of the largest: 64 numbers an item instead of 8,192. The article's own cut joins in if its weights are on your
# machine.

# %%
from zapsim.judge.layer_lab import article_cut

cuts = zapsim.extract_cuts(lab, image_size=128)
cuts |= two
n = min(64, len(lab))
cuts[f"block4_pool 4×4 at 128, PCA to {n}"] = zapsim.reduce(cuts["block4_pool 4×4 at 128"], n)
cuts |= article_cut(lab)

# %% [markdown]
# `lab_report` sets quality beside cost. A dot is a mean, its line the interval. At the right stands what it costs: how
# many numbers are kept of an item, and how often the network multiplies and adds for one picture. The PCA needs the
# pass of the cut that it is made of, 4.6 billion.

# %% tags=["nbval-ignore-output"] alt="Precision at 5 of twelve cuts with intervals. Block 3 with a grid of 1×1 or 2×2 is lowest; block 4 with a 2×2 grid, with a 4×4 grid and its PCA are highest, 0.71 to 0.72."
default = "block4_pool 2×2 at 128"
report = zapsim.lab_report(cuts, labels, against=default)
zapsim.plot_scorecard(report)

# %% [markdown]
# More layers are not always better: block 5 costs more than block 4, and is not ahead. More numbers are not always
# better, either: the 4×4 grid of block 4 has four times as many as the 2×2 grid, and nearly the same precision.
#
# The default has 0.71 here. In 07 it had 0.88, and both numbers are right. Can you say why?

# %% tags=["question"]
question("08-b")

# %% [markdown]
# ## Which differences are sure?
# The same table, as paired differences from the default. Look for intervals that reach the grey line at 0.

# %% tags=["nbval-ignore-output"] alt="Differences from the default, with intervals. Five reach the line at 0: the 4×4 grid, block 5 with a 2×2 or 4×4 grid, the PCA, and the default itself. All others lie left of it."
zapsim.plot_scorecard(report, f"precision@5 - {default}")

# %% [markdown]
# Surely worse are all cuts after block 3, all 1×1 grids, and everything at 64×64 pixels. With 205 products we cannot
# say whether a 4×4 grid, or block 5 with a grid of 2×2 or 4×4, is worse or better than the default. So the default is
# among the best, and not among the dearest.
#
# And the PCA? It has the highest number, and its interval contains 0. Before we take it, we need one more thought.

# %% [markdown]
# ## The best of many
# Here are forty "networks" that know nothing: each gives every shoe 30 random numbers. All are equally bad. We choose
# the best on one half of the queries, and then look at the other half.

# %%
rng = np.random.default_rng(0)
nonsense = [precision_of(rng.normal(size=(len(lab), 30))) for _ in range(40)]
nonsense = pd.DataFrame(nonsense).T
half = np.arange(len(lab)) % 2 == 0
chosen_on, others = nonsense[half].mean(), nonsense[~half].mean()
winner = chosen_on.idxmax()
print(f"the winner, where it was chosen: {chosen_on[winner]:.3f}, all: {chosen_on.mean():.3f}")
print(f"the winner, on other queries:    {others[winner]:.3f}, all: {others.mean():.3f}")

# %% tags=["nbval-ignore-output"] alt="Forty scattered dots. The winner, ringed at the far right, lies on the grey line, which is the mean of all forty on the other queries."
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
axes.scatter(chosen_on, others, color="#0072B2")
axes.scatter(chosen_on[winner], others[winner], s=150, facecolor="none", edgecolor="#D55E00")
axes.axhline(others.mean(), color="#767676", linewidth=1)
axes.set_title("The winner is average on other queries")
axes.set_xlabel("precision@5 where it was chosen")
axes.set_ylabel("precision@5 on other queries")
plt.show()

# %% [markdown]
# Each dot is one of the forty. The winner, ringed, was ahead by luck: on other queries it is like all. Its first number
# was too good, *because* it was chosen by it. With twelve cuts it is the same, only weaker. So choose on some queries,
# and report on others.

# %% [markdown]
# ## 📝 Exercise 08-2: an honest report
#
# - **Goal:** choose a setting, and report a number that the choice has not flattered.
# - **Given:** a table like `scores` below, one row a query, one column a setting; `half`, an array of True and False: the
#   queries to choose on.
# - **Wanted:** a function that returns the chosen setting's mean precision on the *other* queries.

# %%
neighbours = {name: zapsim.top_k(features, k=5) for name, features in cuts.items()}
scores = {n: zapsim.query_scores(each, labels)["precision@5"] for n, each in neighbours.items()}
scores = pd.DataFrame(scores)
scores.shape


# %% tags=["exercise"]
def my_report(scores, half):
    """Return what the best setting on one half of the queries reaches on the other (float)."""


check("08-2", my_report)

# %% tags=["question"]
question("08-c")

# %% [markdown]
# ## 📝 Exercise 08-3: tell the owner
#
# - **Goal:** say what a table of cuts shows, and what it does not.
# - **Given:** a colleague wants the PCA, "because it is the best: 0.72 against 0.71". The interval of the difference is
#   −0.01 to 0.03.
# - **Wanted:** `my_words`, two or three sentences to the shop's owner: is the PCA better, and what would you do to find
#   out?

# %% tags=["exercise"]
my_words = ...

check("08-3", my_words)

# %% [markdown]
# ## You can now
# You can measure any setting against another, say how sure the difference is, and doubt a winner.

# %%
goals("08")

# %% [markdown]
# **Next:** [09](09_why_similar.ipynb) asks in what two pictures are similar: colour, shape or texture.
