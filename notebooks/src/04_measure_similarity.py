# %% [markdown]
# # 04 · Measure similarity
#
# Every shoe is an arrow in a space of 2,048 dimensions. Two shoes are similar if their arrows point in
# nearly the same direction. That's all *cosine similarity* is, and you can do it by hand.
#
# **You will build** a similarity matrix, and see when not to.
#
# **By the end you can**
#
# - compute a cosine similarity by hand and say what it ignores,
# - read a similarity matrix, and see from a heat map what the features have understood,
# - say how much memory a matrix takes before you build it,
# - find every item's nearest neighbours without any matrix.
#
# 🕐 20 minutes · **You need** [03](03_extract_features.ipynb) or an idea of what a vector is.

# %%
import numpy as np
import pandas as pd

import zapsim
from zapsim.course.lessons import matrix_memory, plot_arrows, plot_heat_map, plot_score_distribution
from zapsim.course.own_pictures import fitting, kind_of, labels_of, load_or_extract, whose

# %% tags=["parameters"]
source = None
# For pictures of your own: a folder for their features (such as `cache` in 00), and the columns that say what
# is of a kind; by default Category and SubCategory, as far as they exist.
store = None
kind = None
# Where matrix and neighbours are kept; by default in a temporary folder.
results = None
# The article's run: what 02 left on your Drive.
# source = zapsim.stage("/content/drive/MyDrive/Data/Zappos/ut-zap50k-images-square")
# store = "/content/drive/MyDrive/Data/zapsim-features"
# results = "/content/drive/MyDrive/Data/zapsim-results"

# %% [markdown]
# ## Three arrows
# Shoes with only two features. *a* and *b* point in nearly the same direction, *c* elsewhere; *b* is
# much longer than *a*.

# %%
a, b, c = np.array([2, 1]), np.array([6, 4]), np.array([1, 4])
plot_arrows({"a": a, "b": b, "c": c})

# %% [markdown]
# The cosine of the angle between two arrows is their *dot product* (feature by feature, multiplied
# and summed) divided by both lengths. It is 1 for the same direction, 0 for a right angle, -1 for
# opposite directions.

# %%
dot = a[0] * b[0] + a[1] * b[1]
length_a = np.sqrt(a[0] ** 2 + a[1] ** 2)
length_b = np.sqrt(b[0] ** 2 + b[1] ** 2)
print(f"dot product {dot}, lengths {length_a:.3f} and {length_b:.3f}")
print(f"cosine similarity {dot / (length_a * length_b):.3f}")

# %% [markdown]
# *b* is more than three times as long as *a*, and it doesn't matter: lengths are divided out. For pictures this
# means that stronger contrast, which makes every feature larger, hardly changes who is similar.

# %% [markdown]
# ## 📝 Exercise: a and c
#
# **Goal:** the cosine similarity of *a* and *c*.
# **Given:** `a` and `c`, arrays of shape (2,).
# **Wanted:** `my_score`, one number.
#
# *Hint:* `a @ c` is the dot product, `np.linalg.norm(a)` the length.

# %% tags=["exercise"]
# stub: my_score = ...
my_score = a @ c / (np.linalg.norm(a) * np.linalg.norm(c))

# %% tags=["check"]
from zapsim.course.exercise import check

three = pd.DataFrame([a, b, c], index=["a", "b", "c"])
check(my_score, zapsim.similarity_matrix(three).loc["a", "c"], hint="divide by both lengths")

# %% [markdown]
# ## All pairs at once
# `similarity_matrix` does the same for every pair: a table with the items on both axes. It's symmetric
# (*a* is as similar to *b* as *b* is to *a*), and 1 on the diagonal.

# %%
zapsim.similarity_matrix(three).round(3)

# %% [markdown]
# Now the shoes. MiniZap's features come with zapsim, so no network runs here (`zapsim.load_features` reads
# them). Those of other pictures are extracted where `store` doesn't hold them.

# %%
catalogue = zapsim.load_catalogue(source)
features = load_or_extract(catalogue, store)
catalogue, features = fitting(catalogue.subset(features.index), features, n=2)
matrix = zapsim.similarity_matrix(features)
matrix.shape

# %% [markdown]
# No feature is negative, so no score is below 0; and since every picture of MiniZap is a shoe on white, none
# is anywhere near 0.

# %%
off_diagonal = matrix.to_numpy()[~np.eye(len(matrix), dtype=bool)]
print(
    f"lowest {off_diagonal.min():.2f}, median {np.median(off_diagonal):.2f}, highest {off_diagonal.max():.2f}"
)

# %% [markdown]
# ## What have the features understood?
# The same matrix as a picture, with the items ordered by category and subcategory. Nobody told the
# network about either. Bright blocks on the diagonal are kinds of shoes that look alike; bright blocks
# *off* the diagonal are kinds that the features confuse. Which ones do you see?

# %%
shown, its_features = fitting(catalogue, features, classes=kind_of(catalogue, kind))
kind = kind_of(shown, kind if shown is catalogue else None)
whose(shown)
its_matrix = zapsim.similarity_matrix(its_features)
plot_heat_map(its_matrix, labels_of(shown, kind, ", "))

# %% [markdown]
# *Knee High* and *Over the Knee* share a bright block off the diagonal: both are tall tubes. So do
# *Loafers* with *Flats* and with *Oxfords*, all low and closed. Darkest are the tall boots against
# flat sandals and slippers. Some blocks on the diagonal are patchy, such as *Clogs and Mules*: that
# subcategory holds shoes that don't look alike. As a histogram: pairs of one subcategory score higher,
# but the two heaps overlap. So a score alone doesn't say whether two shoes are of a kind; the
# *ranking* is what counts.

# %%
plot_score_distribution(its_matrix, shown.table[kind[-1]])

# %% [markdown]
# ## Keep it
# A matrix is saved as Parquet, a format for tables that any tool reads. (The article uses *pickle*,
# Python's own format, which can run code when it is opened: never open one from a stranger.)

# %%
import tempfile
from pathlib import Path

folder = Path(results or tempfile.mkdtemp())
zapsim.save_matrix(matrix, folder / "matrix.parquet")
print("the same after loading:", zapsim.load_matrix(folder / "matrix.parquet").equals(matrix))

# %% [markdown]
# ## How large may it be?
# A score takes 4 bytes, and there's one for each *pair*: ten times the items, a hundred times the
# memory. For 5,000 items that is little; for all 50,025 of UT-Zappos50K it's 10 GB, nearly all that
# Colab has. In megabytes, beside the 50 nearest of each item (a number and a score each):

# %%
matrix_memory([600, 5_000, 50_025], k=50)

# %% [markdown]
# zapsim does this sum first, and refuses before your machine runs out of memory.

# %% [markdown]
# ## The nearest only
# Nobody looks at neighbour number 40,000. `top_k` compares block by block and keeps the best: every
# item's exact k nearest, nearest first, itself left out, in the last column's memory.

# %%
top = zapsim.top_k(features, k=5)
print(top.indices.shape, top.scores.shape)
zapsim.save_neighbours(top, folder / "neighbours.parquet")
pd.Series(top.scores[0], index=top.keys[top.indices[0]], name="score").round(3)

# %% [markdown]
# Those are the largest numbers of the matrix's first row, without the 1 of the item itself:

# %%
first_row = matrix.iloc[0].drop(matrix.index[0])
print("agree:", np.allclose(first_row.nlargest(5), top.scores[0], atol=1e-5))

# %% [markdown]
# ## 📝 Exercise: the odd one out
#
# **Goal:** which item is, on the whole, *least* like the others?
# **Given:** `matrix`, a row and a column for each item, keys on both axes.
# **Wanted:** `my_oddest`, the key (a text) of the item whose *mean* score with all items is lowest.
#
# *Hint:* a mean for each row, then `.idxmin()`.

# %% tags=["exercise"]
# stub: my_oddest = ...
my_oddest = matrix.mean(axis="columns").idxmin()

# %% tags=["check"]
means = matrix.to_numpy().mean(axis=1)
lowest = matrix.index[means < means.min() + 1e-6]
check(
    my_oddest,
    lambda key: key in lowest,
    hint="one mean for each row of the matrix; then the key (a text) of the lowest",
)

# %%
if isinstance(my_oddest, str) and my_oddest in catalogue.keys:
    display(catalogue.subset([my_oddest]).plot())

# %% [markdown]
# ## You can now
#
# - ✅ compute a cosine similarity by hand and say what it ignores,
# - ✅ read a similarity matrix, and see from a heat map what the features have understood,
# - ✅ say how much memory a matrix takes before you build it,
# - ✅ find every item's nearest neighbours without any matrix.
#
# **Next:** in 05 scores become recommendations, with filters and pictures of your own.
