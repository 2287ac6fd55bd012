# %% [markdown]
# # 06 · Is it any good?
#
# "More or less on point": so ends the article that this course grew from. More, or less? Whoever puts
# recommendations into a shop will be asked, by a statistician (*how sure are you?*), by a designer (*what
# does it mean by "similar"?*) and by a sceptical owner (*when does it embarrass us?*).
#
# **You will build** an answer for each of the three.
#
# **By the end you can**
#
# - put a number on recommendations, and say how sure it is,
# - tell what is good from what only looks good, by baselines and a layer lab of your own,
# - find where it fails, and see which class is mistaken for which,
# - show why two items are "similar", how much of that is colour, and turn a knob,
# - compare your own judgement with the model's.
#
# 🕐 40 minutes · **You need** [04](04_recommend.ipynb).

# %%
import zapsim
from zapsim.lessons import preprocessing_variants

# %% tags=["parameters"]
source = None
# For pictures of your own: the folder that was `cache` in 00, and one for grey pictures' features.
store = None
parts_store = "bundled"
label = "SubCategory"

# %%
features = zapsim.load_features(store)
catalogue = zapsim.load_catalogue(source).subset(features.index)
predictor = zapsim.SimilarityPredictor(catalogue, features)
labels, products = catalogue.table[label], catalogue.table["Product"]

# %% [markdown]
# ## One number, and how sure it is
# Take every item as the query, and ask: how many of its five neighbours are of its own subcategory?
# Nobody told the network about subcategories, so they make a fair judge. Other colourways of the query
# are left out (`exclude`): finding the same shoe in red is no achievement.
#
# - **precision@5**: the share of the five that are right.
# - **recall@5**: the share of all right ones that are among the five. With dozens of right ones it can't be
#   high; `best` says how high.
# - **mAP@5**, **nDCG@5**: like precision, but what comes first counts more.

# %%
neighbours = zapsim.top_k(features, k=5, exclude=products)
zapsim.evaluate(neighbours, labels, exclude=products).round(3)

# %% [markdown]
# `low` and `high` enclose what other catalogues of this size might have given: the *bootstrap* draws
# products from this one at random, with replacement, a thousand times over, and looks how the number
# sways. Products, not pictures: three colourways of a shoe are not three independent witnesses.

# %% [markdown]
# ## Compared with what?
# A number on its own says nothing. What does chance give? Bare pixels, 16×16 of them? Colours alone? Each
# becomes a table of features, and goes the same way.

# %%
kinds = {"VGG16": features, **zapsim.baseline_features(catalogue)}
card = zapsim.scorecard(kinds, labels, exclude=products, against="raw pixels")
card[["precision@5", "precision@5 - raw pixels"]].round(2)

# %%
zapsim.plot_scorecard(card)

# %% [markdown]
# Bare pixels get far, since all toes point to the left and every shoe fills its picture. VGG16 is better by
# 0.3, and the interval *of the difference* (both answered the same queries) is nowhere near 0. Colour alone
# beats chance and little else, for every kind of shoe comes in every colour.

# %% [markdown]
# ## Where does it fail?
# Class by class. The worst come first, and here the intervals are wide: a class of six products is a small
# sample.

# %%
classes = zapsim.per_class(neighbours, labels, exclude=products)
zapsim.plot_scorecard(classes)

# %% [markdown]
# And what is taken for what? A row for each class of queries, a column for the classes of their neighbours,
# in per cent. A perfect recommender would have nothing beside the diagonal. Or would it? *Ankle* boots bring
# up *Mid-Calf* ones, *Knee High* ones those *Over the Knee*, and back: the same boot, a hand's breadth taller.

# %%
zapsim.plot_confusion(zapsim.confusion(neighbours, labels))

# %% [markdown]
# The worst queries of all, with what they brought up. In the first row nothing is "right", and who would
# complain? Here the *label* is the poor judge. In the last row the owner has a point: nobody who looks for a
# clog wants a sneaker.

# %%
worst = zapsim.worst_queries(neighbours, labels, n=4, exclude=products)
zapsim.plot_cases(catalogue, neighbours, labels, worst.index)

# %% [markdown]
# ## The whole catalogue at a glance
# Every shoe has a place in a space of 2,048 dimensions. *t-SNE* puts them on a plane such that neighbours
# stay neighbours (distances between far groups mean little, and another run may mirror it all).

# %%
zapsim.plot_map(catalogue, zapsim.map_catalogue(features), "Category")

# %% [markdown]
# ## The layer lab
# Why cut after `block4_pool`, why a 2×2 grid, why 128 pixels? Don't believe it, try it. One pass of a picture
# through the network serves every layer and every grid. Here is one colourway of each product, so that no
# item has a twin, at two sizes; for the 4×4 grid also a PCA to 64 numbers (a *principal component analysis*
# keeps the directions in which the items differ most); and the article's own cut, if its weights are on your
# machine.

# %% tags=["nbval-ignore-output"]
one_each = catalogue.subset(catalogue.table.groupby("Product").head(1).index)
cuts = {}
for size in (64, 128):
    cuts |= zapsim.extract_cuts(one_each, image_size=size)
cuts["block4_pool 4×4 at 128, PCA to 64"] = zapsim.reduce(cuts["block4_pool 4×4 at 128"], 64)
cuts |= zapsim.article_cut(one_each)

# %% [markdown]
# Into the same table go the three classic mistakes of 02, at 64 pixels: compare them with
# `block4_pool 2×2 at 64`. (A fourth, to stretch a picture instead of padding it, changes nothing here,
# where all are square; with your own, try `extract_cuts(..., fit="stretch")`.)

# %%
variants = preprocessing_variants(one_each, image_size=64)
variants.pop("as VGG16 was trained")
cuts |= {f"{mistake} (at 64)": made for mistake, made in variants.items()}

# %% tags=["nbval-ignore-output"]
default = "block4_pool 2×2 at 128"
lab = zapsim.lab_report(cuts, labels.loc[one_each.keys], against=default)
zapsim.plot_scorecard(lab)

# %% [markdown]
# At the right, what an item costs: numbers to store, milliseconds in the network. Which cuts are *really*
# worse than the default? Where the interval of the difference reaches 0, these 205 products can't say:

# %% tags=["nbval-ignore-output"]
zapsim.plot_scorecard(lab, f"precision@5 - {default}")

# %% [markdown]
# Really worse: every cut after block 3, every average over the whole picture, and 64 pixels, which are four
# times cheaper and cost three or four points. Not to be told apart: a 4×4 grid, with four times the numbers,
# and block 5, with more time. So the default is on a plateau, on its cheap side. Best of all looks the 4×4
# grid after a PCA, but it was one of many that we tried, and one of many is always the best; on 1,500 real
# photos, it is ahead by half a point (`python -m benchmarks.quality`). The mistakes hardly show: 02 says why
# that makes them dangerous.

# %% [markdown]
# ## Why similar?
# A score is a sum over 2,048 features, each an average over a part of the picture. Read backwards, it says how
# much each *place* adds to the score, beyond what any two shoes on white have in common. Laces and lug sole
# light up:

# %%
query = "Shoes/Oxfords/Bellweather/5294693.11.jpg"
why = zapsim.explain(predictor, query, "Shoes/Oxfords/Bruno Sabelli/4873420.25.jpg")
why.plot()

# %%
why.agreement

# %% [markdown]
# **It can mislead.** It's exact about the arithmetic and says nothing about the cause: each cell has seen
# a good part of the picture around it. Here *empty white* beside the shafts lights up. What it means, if
# anything, is "nothing here in either", and no customer would say so:

# %%
misleading = zapsim.explain(
    predictor,
    "Boots/Over the Knee/Château Nord/7295163.3.jpg",
    "Boots/Over the Knee/Verity Lane/991546.25.jpg",
)
misleading.plot()

# %% [markdown]
# ## Or is it just the colour?
# Take the colour out of every picture, extract again, and compare. The features of the grey pictures
# come with zapsim, like all of MiniZap's.

# %%
parts = zapsim.shape_colour_texture(catalogue, cache=parts_store)
grey = zapsim.SimilarityPredictor(catalogue, parts["shape"])
both = {"in colour": neighbours, "in grey": zapsim.top_k(parts["shape"], 5, exclude=products)}
print(f"neighbours in common: {zapsim.shared_neighbours(*both.values()).mean():.0%}")
zapsim.scorecard(both, labels, exclude=products, metrics=["precision"]).round(3)

# %% [markdown]
# A third of the neighbours change, and precision hardly does: colour decides *who* is shown, not whether it is
# of the right kind. The statistician sees nothing; the designer sees a red row, and a checked one:

# %%
key = "Slippers/Boot/O'Darby/5914557.133.jpg"
rows = {"in colour": predictor, "in grey": grey}
rows = {name: each.similar(key, hide_colourways=True) for name, each in rows.items()}
zapsim.plot_comparison(catalogue, key, rows)

# %% [markdown]
# So let people choose. *Shape* is the grey picture, *colour* a histogram, *texture* an early layer averaged over
# the picture. Mixed, the score is the weighted mean of the three scores. From all shape to all colour:

# %%
query = "Shoes/Clogs and Mules/Marisol Bay/5329826.13.jpg"
rows = {}
for shape in (1, 0.75, 0.5, 0):
    mixed = zapsim.blend(parts, {"shape": shape, "colour": 1 - shape})
    rows[f"{shape:.0%} shape"] = zapsim.SimilarityPredictor(catalogue, mixed)
zapsim.plot_comparison(catalogue, query, rows, k=6)

# %% [markdown]
# And as sliders. Move one, and look:

# %% tags=["nbval-ignore-output"]
zapsim.mix(catalogue, parts, query)

# %% [markdown]
# ## Five times the same?
# The five nearest are often near to each other, too. With `diversity`, each next one is also punished for being
# like those already chosen (*maximal marginal relevance*). At 0.3 one of six clogs gives way, at 0.5 nearly all:

# %%
rows = {f"diversity {d}": predictor.similar(query, 6, diversity=d) for d in (0, 0.3, 0.5)}
zapsim.plot_comparison(catalogue, query, rows, k=6)

# %% [markdown]
# ## You against the model
# Labels are one judge; you are another. Which of the two is more like the first? Your answer first, then the
# model's. `.state.answers()` is a table of all of them, and *Export* saves it.

# %% tags=["nbval-ignore-output"]
quiz = zapsim.quiz(predictor, n=5)
quiz

# %% [markdown]
# Where widgets don't run, this is what stands above:

# %% tags=["nbval-ignore-output"]
quiz.preview()

# %% [markdown]
# ## 📝 Exercise 1: precision by hand
#
# **Goal:** the precision@5 of one query, without zapsim's metrics.
# **Given:** `neighbours.keys` (all keys), `neighbours.indices` (shape (615, 5): for each item, the places of its
# neighbours in `keys`), `labels` (a Series by key). The query is item number **100**.
# **Wanted:** `my_precision`, from 0 to 1.
#
# *Hint:* `labels.iloc[neighbours.indices[100]]` are the neighbours' labels.

# %% tags=["exercise"]
# stub: my_precision = ...
my_precision = (labels.iloc[neighbours.indices[100]] == labels.iloc[100]).mean()

# %% tags=["check"]
from zapsim.exercise import check

check(
    my_precision,
    zapsim.query_scores(neighbours, labels, exclude=products)["precision@5"].iloc[100],
    hint="compare five labels with the query's own; the mean of True and False is a share",
)

# %% [markdown]
# ## 📝 Exercise 2: is the difference real?
#
# **Goal:** somebody proposes to do without the network: a blend of *colour* and *texture*, half and half. Is it
# worse than VGG16's features?
# **Given:** `parts`, `zapsim.blend(parts, weights)`, `zapsim.top_k(…, k=5, exclude=products)`, `neighbours`, and
# `zapsim.compare(first, second, labels, exclude=products)`.
# **Wanted:** `my_verdict`: the table that `compare` returns, VGG16's neighbours first.
#
# *Hint:* blend, then find neighbours, then compare. A name that gets no weight gets 0.

# %% tags=["exercise"]
# stub: my_verdict = ...
without = zapsim.top_k(zapsim.blend(parts, {"colour": 1, "texture": 1}), k=5, exclude=products)
my_verdict = zapsim.compare(neighbours, without, labels, exclude=products)

# %% tags=["check"]
proposal = zapsim.top_k(zapsim.blend(parts, {"colour": 1, "texture": 1}), k=5, exclude=products)
expected = zapsim.compare(neighbours, proposal, labels, exclude=products)
check(
    my_verdict,
    lambda table: table.round(6).equals(expected.round(6)),
    hint="VGG16's neighbours first, then those of the blend of colour and texture, each with weight 1",
)

# %% [markdown]
# ## You can now
#
# - ✅ put a number on recommendations, and say how sure it is,
# - ✅ tell what is good from what only looks good, by baselines and a layer lab of your own,
# - ✅ find where it fails, and see which class is mistaken for which,
# - ✅ show why two items are "similar", how much of that is colour, and turn a knob,
# - ✅ compare your own judgement with the model's.
#
# **Next:** do it again with your own pictures: change `source` and `cache` in 00, then `source`, `store` and
# `parts_store` (any folder) here.
