# %% [markdown]
# # 04 · Measure similarity
#
# Every shoe is an arrow, described by 2,048 numbers. Two shoes are similar if their arrows point in nearly
# the same direction. That is all that *cosine similarity* measures, and you can compute it by hand.
#
# **You will build** the five nearest neighbours of every shoe, from a formula of one line.
#
# {goals}
#
# 🕐 25 minutes (1 running, 14 reading, 10 practice) · **You need** [03](03_extract_features.ipynb), or an idea of
# what a [feature vector](glossary.md#feature-vector) is. MiniZap's come with zapsim, so no network runs here.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim.course import check, goals, question
from zapsim.course.lessons.scores import plot_arrows, plot_heat_map
from zapsim.course.own_pictures import load_or_extract, whose

# %% tags=["parameters"]
# Your own pictures: a folder or zip, and a folder for their features.
source = None
cache = None

# %% [markdown]
# ## Three arrows
# Imagine shoes with only two features. Compare the directions of the three arrows, then their lengths.

# %% alt="Three arrows from the origin: a and b point in nearly the same direction, b is much longer; c is steeper than both."
a, b, c = np.array([2, 1]), np.array([6, 4]), np.array([1, 4])
plot_arrows({"a": a, "b": b, "c": c}, title="b is longer, but points nearly like a")

# %% [markdown]
# A [dot product](glossary.md#dot-product) multiplies feature by feature, and sums. Divide it by both lengths, and you
# have the [cosine similarity](glossary.md#cosine-similarity): the cosine of the angle between two arrows. It is 1 for
# the same direction, 0 for a right angle and −1 for opposite directions.

# %%
dot = a[0] * b[0] + a[1] * b[1]
length_a = np.sqrt(a[0] ** 2 + a[1] ** 2)
length_b = np.sqrt(b[0] ** 2 + b[1] ** 2)
print(f"dot product {dot}, lengths {length_a:.3f} and {length_b:.3f}")
print(f"cosine similarity {dot / (length_a * length_b):.3f}")

# %% [markdown]
# *b* is more than three times as long as *a*, and the cosine is still nearly 1. Lengths are divided out. If you
# double all numbers of a shoe, its scores do not change.

# %% [markdown]
# ## 📝 Exercise 04-1: the cosine of any two vectors
#
# - **Goal:** a function for vectors of any length, not only of two features
# - **Given:** `a @ b`, NumPy's dot product
# - **Wanted:** `my_cosine(a, b)`, one number


# %% tags=["exercise"]
def my_cosine(a, b):
    """Return the cosine of the angle between two vectors (float)."""


check("04-1", my_cosine)

# %% tags=["question"]
question("04-a")

# %% [markdown]
# ## All pairs at once
# scikit-learn computes the cosine of every pair of rows. The result is a [similarity matrix](glossary.md#similarity-matrix): the items are on
# both axes. Find your number for *a* and *b* in it.

# %%
three = pd.DataFrame([a, b, c], index=["a", "b", "c"])
pd.DataFrame(cosine_similarity(three), index=three.index, columns=three.index).round(3)

# %% [markdown]
# The matrix is symmetric: *a* is as similar to *b* as *b* to *a*. On the diagonal each item meets itself, so the score
# is 1. Now the same for the shoes. One row is one picture.

# %%
catalogue = zapsim.load_catalogue(source)
features = load_or_extract(catalogue, cache)
catalogue = catalogue.subset(features.index)
whose(catalogue)
features.shape

# %%
matrix = pd.DataFrame(cosine_similarity(features), index=features.index, columns=features.index)
print(matrix.shape)
matrix.iloc[:4, :4].set_axis(range(4), axis="columns").round(3)

# %% [markdown]
# The columns are keys, too; numbers take less room here. What do pairs score, the diagonal left out?

# %%
others = matrix.to_numpy()[~np.eye(len(matrix), dtype=bool)]
print(f"lowest {others.min():.2f}, median {np.median(others):.2f}, highest {others.max():.2f}")

# %% [markdown]
# No feature is negative, so no score is below 0. And all of MiniZap's pictures are shoes on white, so no score is
# near 0.

# %% [markdown]
# ## How large may it be?
# A score takes 4 bytes, and there is one for each *pair*: 4 · n² bytes for n items. The third shop has all
# shoes of UT-Zappos50K. How much faster than the items does the memory grow?

# %%
shops = pd.DataFrame({"items": [615, 5_000, 50_025]})
shops["gigabytes"] = (4 * shops["items"] ** 2 / 1e9).round(3)
shops

# %% [markdown]
# 10 GB is nearly all the memory that Colab gives you.
#
# ## 📝 Exercise 04-2: what fits
#
# - **Goal:** know the limit before your machine finds it
# - **Given:** 8 GB of free memory (8 · 10⁹ bytes), 4 bytes a score
# - **Wanted:** `my_largest`, the largest number of items whose matrix fits (a whole number)

# %% tags=["exercise"]
my_largest = ...

check("04-2", my_largest)

# %% tags=["question"]
question("04-b")

# %% [markdown]
# `zapsim.similarity_matrix` gives the same scores. It does this sum first, and refuses before the memory is full.

# %%
ours = zapsim.similarity_matrix(features)
print(
    "agree:", np.allclose(ours, matrix, atol=1e-5), "| same keys:", ours.index.equals(matrix.index)
)

# %% [markdown]
# ## What have the features understood?
# A [heat map](glossary.md#heat-map) shows the matrix as a picture: bright is a high score. With the items ordered by category and
# subcategory, matplotlib's `imshow` does it in one line. From here to exercise 04-3 the shoes are always MiniZap's, here
# in one colour each.

# %% alt="A heat map of 205 by 205 scores without names: brighter squares lie along the diagonal, and a dark band crosses the upper right and lower left."
minizap = zapsim.load_catalogue()
scores = zapsim.similarity_matrix(load_or_extract(minizap))
one_each = minizap.table.drop_duplicates("Product")
order = one_each.sort_values(["Category", "SubCategory"]).index
plt.figure(figsize=(3.6, 3.6))
plt.imshow(scores.loc[order, order], vmin=0.68, interpolation="nearest")
plt.title("Bright squares lie on the diagonal")
plt.show()

# %% [markdown]
# Nobody told the network about categories, and yet there are blocks. The same with names: blocks *on* the diagonal
# are kinds that look alike, bright blocks *off* it are kinds that the features confuse. Which do you see?

# %% alt="The heat map with 17 subcategories as names: bright squares on the diagonal, bright blocks between Knee High and Over the Knee and between Loafers, Flats and Oxfords; tall boots against flat sandals are darkest."
labels = minizap.table["Category"] + ", " + minizap.table["SubCategory"]
title = "Tall boots are a kind of their own, low shoes mix"
plot_heat_map(scores.loc[order, order], labels, title=title)

# %% tags=["question"]
question("04-c")

# %% [markdown]
# *Loafers* are bright with *Flats* and with *Oxfords*: all are low and closed. Tall boots against flat sandals are
# darkest. The block of *Clogs and Mules* is hardly brighter than what is around it: its shoes do not look alike.
#
# Now all pairs as two histograms, each pair once (`triu_indices`). Look for the scores where both are high.

# %% alt="Two histograms of scores: pairs of different subcategories lie around 0.81, pairs of the same one around 0.89; they overlap between about 0.78 and 0.93."
kind = minizap.table["SubCategory"].to_numpy()
pairs = np.triu_indices(len(kind), k=1)
same, score = (kind[:, None] == kind)[pairs], scores.to_numpy()[pairs]
plt.figure(figsize=(7, 2.8))
plt.hist(score[~same], bins=60, density=True, alpha=0.6, label="different subcategories")
plt.hist(score[same], bins=60, density=True, alpha=0.6, label="the same subcategory")
plt.title("One subcategory scores higher, but the two overlap")
plt.xlabel("cosine similarity")
plt.legend()
plt.show()

# %% [markdown]
# Of the pairs that score about 0.89, four in ten are of one subcategory, six are not. So a score alone does not say
# whether two shoes are of a kind. What counts is the *ranking*: who comes first.

# %% tags=["question"]
question("04-d")

# %% [markdown]
# ## 📝 Exercise 04-3: the odd one out
#
# - **Goal:** find the item that is least like the others, on the whole
# - **Given:** a matrix such as `matrix`, a DataFrame with keys on both axes
# - **Wanted:** `oddest(matrix)`, the key of the item whose *mean* score with all items is lowest


# %% tags=["exercise"]
def oddest(matrix):
    """Return the key (str) of the item whose mean score with all items is lowest."""


check("04-3", oddest)

# %% alt="One picture, the oddest of MiniZap: a black boot that reaches over the knee, with a block heel."
key = oddest(matrix)
if isinstance(key, str) and key in catalogue.keys:
    display(catalogue.subset([key]).plot())

# %% [markdown]
# ## The nearest only
# A shop shows five neighbours, not a row of 615 scores. Take the row of the first item, without the item itself.
# `argsort` gives positions, lowest value first; the minus sign turns that round.

# %%
row = matrix.iloc[0].drop(matrix.index[0])
order = np.argsort(-row.to_numpy(), kind="stable")[:5]
row.iloc[order].rename("score").round(3)

# %% [markdown]
# The item was dropped by its *name*. Much code sorts all scores and skips the first row instead. Break that on purpose:
# somebody uploads the first picture twice, so it has a [twin](glossary.md#twin).

# %%
with_twin = pd.concat([features, features.iloc[[0]].set_axis(["twin.jpg"])])
scores_of_twin = cosine_similarity(with_twin.iloc[[-1]], with_twin)[0]
# Without rounding, the tie is decided by the last digit.
ranked = pd.Series(scores_of_twin, index=with_twin.index).round(5)
ranked = ranked.sort_values(ascending=False, kind="stable").index
print("skipped:", ranked[0])
print("recommended first:", ranked[1])

# %% [markdown]
# We asked for the neighbours of `twin.jpg`. The other picture was skipped, and `twin.jpg` is recommended to itself.
# Two equal scores, a [tie](glossary.md#tie), may stand in either order.

# %% tags=["question"]
question("04-e")

# %% [markdown]
# ## 📝 Exercise 04-4: mend it
#
# - **Goal:** neighbours without the item itself, also where there is a twin
# - **Given:** `skip_the_first` below, which has this mistake
# - **Wanted:** `nearest(matrix, key, k)`, which has not; it returns a list of k keys


# %%
def skip_the_first(matrix, key, k):
    return list(matrix[key].sort_values(ascending=False).index[1 : k + 1])


# %% tags=["exercise"]
def nearest(matrix, key, k):
    """Return the k keys with the highest scores, without the item itself (list of str)."""


check("04-4", nearest)

# %% [markdown]
# `zapsim.top_k` does this for all items. It compares block by block and keeps only the best, so the whole matrix is
# never in memory. For 50,025 items and k = 50 it keeps 0.02 GB instead of 10. Is it the same as by hand?

# %%
top = zapsim.top_k(features, k=5)
by_hand = [matrix[key].drop(key).nlargest(5) for key in matrix]
print(top.scores.shape, "agree:", np.allclose(by_hand, top.scores, atol=1e-5))
pd.Series(top.scores[0], index=top.keys[top.indices[0]], name="score").round(3)

# %% [markdown]
# Ties stand in the catalogue's order.

# %% [markdown]
# ## You can now
# You can say how similar two pictures are, and find the nearest of any item without a matrix that does not fit.

# %%
goals("04")

# %% [markdown]
# **Next:** in [05](05_recommend.ipynb) scores become recommendations, with filters and pictures of your own.
