# %% [markdown]
# # 07 · Is it any good?
#
# "More or less on point", says the article of its results. A shop's owner will ask: how much more, and how sure
# are you? A number answers only if you know what it counts, and what it is compared with.
#
# **You will build** a judge: precision@5, what chance and simple features reach, and an interval around it.
#
# {goals}
#
# 🕐 35 minutes (1 running, 18 reading, 16 practice) · **You need** [04](04_measure_similarity.ipynb) and
# [05](05_recommend.ipynb).

# %%
import numpy as np
import pandas as pd

import zapsim
from zapsim.course import check, goals, question
from zapsim.course.own_pictures import (
    fitting,
    kind_of,
    labels_of,
    load_or_extract,
    products_of,
    stand_in,
    whose,
)

# %% tags=["parameters"]
source = None
# For pictures of your own: a folder for their features, and the columns that say what is of a kind.
cache = None
kind = None

# %% [markdown]
# To judge, we must know which shoes are of a kind. The subcategory is the [label](glossary.md#label) of each
# picture. Nobody told the network about labels, so they make a fair judge.

# %%
mine = zapsim.load_catalogue(source)
features, kinds = load_or_extract(mine, cache), kind_of(mine, kind)
mine = mine.subset(features.index)
catalogue, features = fitting(mine, features, columns=kinds, classes=kinds, n=6)
labels = labels_of(catalogue, kinds if catalogue is mine else kind_of(catalogue)).dropna()
catalogue, features = catalogue.subset(labels.index), features.loc[labels.index]
products = products_of(catalogue)
print(f"{len(labels)} pictures, {products.nunique()} products, {labels.nunique()} labels")

# %% [markdown]
# ## One query
# Take one shoe as the query. Leave its own product out: to find the same shoe in red is no achievement.
# How many of the five nearest have the query's label?

# %%
predictor = zapsim.SimilarityPredictor(catalogue, features)
query = stand_in(predictor, "Boots/Ankle/Lumen Row/2602155.3.jpg")
matrix = zapsim.similarity_matrix(features)
others = matrix.loc[query][products != products[query]]
five = others.nlargest(5)
print("the query:", labels[query])
pd.DataFrame({"score": five.round(2), "label": labels[five.index]}).reset_index(drop=True)

# %% [markdown]
# And the same as pictures:

# %% alt="A black ankle boot on a high heel is the query. Its neighbours: three ankle boots, then a blue shoe with a strap on a high heel, then a mid-calf boot."
whose(catalogue)
predictor.plot(query, hide_colourways=True)

# %% [markdown]
# Three of five are ankle boots. The share of right ones among the first five is called
# [precision@5](glossary.md#precisionk); here it is 3/5, or 0.6.

# %% [markdown]
# ## 📝 Exercise 07-1: precision@5 of any query
#
# - **Goal:** the same for every key, as a function.
# - **Given:** `matrix` (scores, keys on both axes), `labels` and `products` (Series by key).
# - **Wanted:** `my_precision(key)`, a number from 0 to 1. The query's own product is not among the five.


# %% tags=["exercise"]
def my_precision(key):
    """Return the share of a query's five neighbours that have its label (float)."""


check("07-1", my_precision, matrix, labels, products)

# %% tags=["question"]
question("07-a")

# %% [markdown]
# ## All queries
# Now every picture is the query once. A product's own scores become -1, so that they come last. Then each row
# is sorted, and the labels of its first five are compared with its own.

# %%
own = products.to_numpy()[:, None] == products.to_numpy()
scores = np.where(own, -1, matrix)
first_five = np.argsort(-scores, axis=1, kind="stable")[:, :5]
right = labels.to_numpy()[first_five] == labels.to_numpy()[:, None]
each = pd.Series(right.mean(axis=1), labels.index)
print(f"precision@5: {each.mean():.2f}")
print(f"all five right: {(each == 1).sum()} of {len(each)}, none right: {(each == 0).sum()}")

# %% [markdown]
# But one query in three shows at least one wrong shoe. zapsim's `precision_at_k` counts the same:

# %%
neighbours = zapsim.top_k(features, k=5, exclude=products)
by_zapsim = zapsim.precision_at_k(neighbours, labels)
print(f"{by_zapsim:.2f}, agree: {np.isclose(by_zapsim, each.mean())}")

# %% [markdown]
# ## Good compared with what?
# What would [chance](glossary.md#chance) give? For a query, it is the share of the other products' pictures that
# have its label.

# %%
alike = labels.to_numpy()[:, None] == labels.to_numpy()
chance = ((alike & ~own).sum(axis=1) / (~own).sum(axis=1)).mean()
print(f"chance: {chance:.2f}")

# %% [markdown]
# A [baseline](glossary.md#baseline) is a simple method that a good one must beat. Here is one without a network:
# shrink each picture to 16×16 pixels, and take the pixels themselves as features.

# %%
from PIL import Image, ImageOps

small = [
    ImageOps.pad(Image.fromarray(catalogue.picture(key)), (16, 16), Image.BILINEAR, color="white")
    for key in catalogue.keys
]
pixels = pd.DataFrame([np.asarray(each_one).ravel() for each_one in small], catalogue.keys)
pixels = pixels.astype("float32")
by_pixels = zapsim.precision_at_k(zapsim.top_k(pixels, 5, exclude=products), labels)
print(f"{pixels.shape[1]} numbers a picture, precision@5: {by_pixels:.2f}")

# %% [markdown]
# `baseline_features` makes the same pixels (of pictures that are not square, nearly the same). And two more: how
# much of each colour a picture has, and random numbers.

# %%
ways = zapsim.baseline_features(catalogue)
print("agree:", np.allclose(ways["raw pixels"], pixels))
ways = {**ways, "VGG16": features}
found = {name: zapsim.top_k(way, 5, exclude=products) for name, way in ways.items()}
reached = pd.Series({name: zapsim.precision_at_k(n, labels) for name, n in found.items()})
reached.round(2)

# %% [markdown]
# Which bar surprises you?

# %% alt="Bars of precision@5: random 0.05, colour histogram 0.22, raw pixels 0.58, VGG16 0.88; a dashed line for chance stands at 0.06."
axes = reached.sort_values().plot.barh(color="#0072B2", figsize=(7, 2.4), xlim=(0, 1))
axes.axvline(chance, color="#D55E00", linestyle="--")
axes.bar_label(axes.containers[0], fmt="%.2f", padding=3)
_ = axes.set(
    title="VGG16 is far above chance (dashed) and above all baselines", xlabel="precision@5"
)

# %% [markdown]
# Pixels get far: all toes point to the left, and every shoe is in the same place. So compare 0.88 with 0.58, not
# with 0: the difference is what the network adds. Colour alone is above chance, and far below the rest.

# %% tags=["question"]
question("07-b")

# %% [markdown]
# ## How sure are we?
# Would 205 other products give the same number? We cannot ask others, but we can draw 205 from ours at random:
# some twice, some not at all. Repeat it a thousand times. This is the [bootstrap](glossary.md#bootstrap). The
# middle 95 % of the thousand means are an [interval](glossary.md#interval).


# %%
def interval_of(values):
    """Return the middle 95 % of 1,000 means, each of products drawn anew (low, high)."""
    rng = np.random.default_rng(0)
    by_product = values.groupby(products).mean().to_numpy()
    means = [rng.choice(by_product, len(by_product)).mean() for _ in range(1000)]
    return np.quantile(means, [0.025, 0.975])


print("from {:.2f} to {:.2f}".format(*interval_of(each)))

# %% [markdown]
# We draw products, not pictures: the three colours of one shoe are almost the same picture, so we count them as
# one. zapsim's `evaluate` does the same, with other random numbers:

# %%
judged = zapsim.evaluate(neighbours, labels, exclude=products)
print(
    "agree:", np.allclose(judged.loc["precision@5", ["low", "high"]], interval_of(each), atol=0.01)
)
judged.loc[["precision@5", "recall@5"]].round(2)

# %% [markdown]
# The second row is [recall@5](glossary.md#recallk), another measure. Do not compare it with the first.

# %% tags=["question"]
question("07-c")

# %% [markdown]
# ## Is a difference real?
# Somebody keeps only every eighth feature: 256 numbers instead of 2,048. Is that worse?

# %%
few = zapsim.top_k(features.iloc[:, ::8], k=5, exclude=products)
labels_few = labels.to_numpy()[few.indices]
fewer = pd.Series((labels_few == labels.to_numpy()[:, None]).mean(axis=1), labels.index)
for name, values in {"all": each, "every eighth": fewer}.items():
    print(name, "{:.2f}, from {:.2f} to {:.2f}".format(values.mean(), *interval_of(values)))

# %% [markdown]
# ## 📝 Exercise 07-2: mend a verdict
# A colleague writes:
#
# ```python
# overlap = interval_of(each)[0] < interval_of(fewer)[1]
# print("no difference" if overlap else "a difference")
# ```
#
# But both answered the *same* queries, and a hard query is hard for both.
#
# - **Goal:** an interval that does answer the question.
# - **Given:** `each` and `fewer` (a precision@5 for each query), `interval_of`.
# - **Wanted:** `my_interval`: low and high of the *difference*, all features minus every eighth.

# %% tags=["exercise"]
my_interval = ...


check("07-2", my_interval, each, fewer, products)

# %% [markdown]
# zapsim's `paired_difference` does the same. If the interval does not contain 0, it is not only the choice of
# products that makes the difference:

# %%
zapsim.paired_difference(neighbours, few, labels, exclude=products).loc[["precision@5"]].round(3)

# %% [markdown]
# So about two hundredths are lost. Whether that matters, the shop decides: the features take an eighth of the
# space.

# %% [markdown]
# ## What 0.88 means, and what not
# The number belongs to a *protocol*: these shoes, these labels, five neighbours, own colourways hidden. Change the
# protocol, and the same recommender gets another number:

# %%
one_each = products.drop_duplicates().index
protocols = {
    "own colourways hidden": each.mean(),
    "own colourways counted": zapsim.precision_at_k(zapsim.top_k(features, 5), labels),
    "one picture a product": zapsim.precision_at_k(
        zapsim.top_k(features.loc[one_each], 5), labels[one_each]
    ),
}
pd.Series(protocols).round(2)

# %% [markdown]
# 0.94 is too kind: a shoe's own colours count as hits. 0.71 is stricter: one right product can no longer fill
# three of the five places. Compare numbers of one protocol only. In this course "precision@5" means the first;
# where another is used, the text says so.
#
# And 0.88 knows nothing of customers. Nobody asked them what they like. These are drawn shoes: real photos give
# another number.

# %% [markdown]
# ## 📝 Exercise 07-3: tell the owner
#
# - **Goal:** say what 0.88 means, and one thing that it does not mean.
# - **Given:** a reader who has never heard of precision.
# - **Wanted:** `my_words`, a text of two or three sentences.

# %% tags=["exercise"]
my_words = ...


check("07-3", my_words)

# %% [markdown]
# ## Where does it fail?
# A mean hides its worst parts. Group the queries by label, worst first:

# %%
by_label = each.groupby(labels).mean().sort_values()
by_label.head(6).round(2)

# %% [markdown]
# What are they taken for? A [confusion table](glossary.md#confusion-table) has a row for each label of the queries,
# and a column for each label of their neighbours. It is one pandas call; zapsim's `confusion` gives the same.

# %%
asked = np.repeat(labels.to_numpy(), 5)
answers = labels.to_numpy()[first_five].ravel()
shares = pd.crosstab(asked, answers, normalize="index")
# A label that nobody was given as a neighbour has no column yet.
shares = shares.reindex(columns=shares.index, fill_value=0)
print("agree:", np.allclose(shares, zapsim.confusion(neighbours, labels)))

# %% [markdown]
# Look for numbers beside the diagonal. They are per cent; less than 5 % is not written.

# %% alt="Confusion table of 17 labels, dark on the diagonal (71 to 100 per cent). Beside it: Over the Knee boots found as Knee High 20 per cent, Knee High as Over the Knee 17, Ankle as Mid-Calf 17."
zapsim.plot_confusion(shares)

# %% [markdown]
# ## 📝 Exercise 07-4: the most frequent mistake
#
# - **Goal:** find the largest share beside the diagonal, by code.
# - **Given:** `shares`: rows are the queries' labels, columns those of their neighbours.
# - **Wanted:** `my_pair`: two labels, the query's and what it is mistaken for.

# %% tags=["exercise"]
my_pair = ...


check("07-4", my_pair, shares)

# %% [markdown]
# Eight queries have no right neighbour. Here are two of them. Are these neighbours wrong?

# %% alt="Two queries without a right neighbour. Row 1: an ankle boot, and much the same boot, but taller, five times. Row 2: a low laced boot, four sneakers and a slipper boot."
worst = zapsim.worst_queries(neighbours, labels, n=2, exclude=products).index
zapsim.plot_cases(catalogue, neighbours, labels, worst)

# %% [markdown]
# In row 1 the neighbours are much the same boot, but taller. Here the *label* is a poor judge. Row 2 is a real
# mistake: sneakers beside a laced boot.

# %% tags=["question"]
question("07-d")

# %% [markdown]
# ## You against the model
# You are a judge, too. Which of two shoes is more like the first? You answer first, then the model does. (Where
# buttons don't run, `quiz.preview()` shows the first question.)

# %% tags=["nbval-ignore-output"]
quiz = zapsim.quiz(predictor, n=5)
quiz

# %% [markdown]
# `quiz.state.tally()` counts how often you agree. Five answers say little: a coin agrees in two or three, too.

# %% [markdown]
# ## You can now
# Put a number on recommendations, say how sure it is, and refuse to quote it without its protocol.

# %%
goals("07")

# %% [markdown]
# **Next:** [08](08_the_layer_lab.ipynb) uses this judge to choose a cut, and [09](09_why_similar.ipynb) asks why
# two shoes are similar.
