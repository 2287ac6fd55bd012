# %% [markdown]
# # 09 · Why similar?
#
# A score says *how* similar two shoes are, but not in what: outline, colour, one detail? Here you take scores apart,
# and decide yourself what should count.
#
# **You will build** a heat map from two vectors, a mixture of shape and colour, and rows that are not all alike.
#
# {goals}
#
# 🕐 35 minutes (1 running, 19 reading, 15 practice) · **You need** [04](04_measure_similarity.ipynb) and
# [07](07_is_it_any_good.ipynb). An elective.
# It runs without Keras.

# %%
import numpy as np
import pandas as pd

import zapsim
from zapsim.course import check, goals, question
from zapsim.course.own_pictures import cache_of, fitting, load_or_extract, stand_in, whose

# %% tags=["parameters"]
source = None
# For pictures of your own: folders for their features, and for those of the pictures in grey (needs Keras).
cache = None
parts_cache = None

# %%
mine = zapsim.load_catalogue(source)
features = load_or_extract(mine, cache)
catalogue, features = fitting(mine.subset(features.index), features, n=12)
predictor = zapsim.SimilarityPredictor(catalogue, features)
whose(catalogue)

# %% [markdown]
# ## Which places?
# Two oxfords score 0.92. Their features come from a 2×2 grid of [cells](glossary.md#cell), 512 from each. A cosine
# similarity is a sum of products, so we can sum each cell alone. What do the four numbers add to?

# %%
query = stand_in(predictor, "Shoes/Oxfords/Bellweather/5294693.11.jpg")
neighbour = stand_in(predictor, "Shoes/Oxfords/Bruno Sabelli/4873420.25.jpg", query)
unit = features.div(np.linalg.norm(features, axis=1), axis=0).astype(float)
a, b = unit.loc[query].to_numpy(), unit.loc[neighbour].to_numpy()
cells = (a * b).reshape(2, 2, -1).sum(axis=2)
print(cells.round(2))
print(f"together: {cells.sum():.2f}, cosine similarity: {a @ b:.2f}")

# %% [markdown]
# They add to the score. But any two shoes on white have a lot in common: this shoe's mean score with all is 0.82.
# What is *usual* explains nothing, so we take it away.

# %% [markdown]
# ## 📝 Exercise 09-1: beyond the usual
#
# - **Goal:** what does each cell of the query add, beyond what is usual?
# - **Given:** `a` and `b` (vectors of length 1), and `mean`, the mean of all such vectors. `a @ mean` is the usual
#   score, so `a @ (b - mean)` is the rest.
# - **Wanted:** `my_cells`, an array of shape (2, 2) whose sum is that rest.

# %% tags=["exercise"]
mean = unit.mean().to_numpy()
my_cells = ...


check("09-1", my_cells, a, b, mean)

# %% [markdown]
# zapsim's `explain` does this on the network's maps of 8×8 cells. Summed to 2×2, its numbers are ours.
# (`whole=True` does not take the usual away.)

# %%
whole = zapsim.explain(predictor, query, neighbour, whole=True)
coarse = whole.contributions[0].reshape(2, 4, 2, 4).sum(axis=(1, 3))
print("agree:", np.allclose(coarse, cells, atol=0.001))

# %% [markdown]
# Now without the usual, as a [heat map](glossary.md#heat-map): orange adds to the score. Which details do you find?

# %% alt="Two laced oxfords, each with a heat map of 8 by 8 cells over it. The darkest orange is on the laces and along the thick, notched sole; the white around is pale."
zapsim.explain(predictor, query, neighbour).plot()

# %% [markdown]
# Laces and the thick, notched sole. Now two tall boots. Look at where their darkest cells are.

# %% alt="Two tall boots with heat maps. The darkest orange cells lie half or wholly on the white beside the shaft, at its upper end and near the ankle."
boot = stand_in(predictor, "Boots/Over the Knee/Château Nord/7295163.3.jpg")
other = stand_in(predictor, "Boots/Over the Knee/Verity Lane/991546.25.jpg", boot)
misleading = zapsim.explain(predictor, boot, other)
misleading.plot()

# %% [markdown]
# More than a third of it lies in cells without any boot. Is the *white* alike? No: each cell has seen about 100 × 100
# of the 128 × 128 pixels, so it saw the shaft's edge from there.

# %%
print("share on white: {:.2f} and {:.2f}".format(*misleading.background_share()))

# %% tags=["question"]
question("09-a")

# %% [markdown]
# ## 📝 Exercise 09-2: read the map
#
# - **Goal:** write what may stand below the two boots in a report.
# - **Given:** the picture above.
# - **Wanted:** `my_caption`: one sentence that says what orange means, and one that says what it does *not* show.

# %% tags=["exercise"]
my_caption = ...


check("09-2", my_caption)

# %% [markdown]
# ## Or is it just the colour?
# Take it away and see. Pillow makes a picture grey; the network gets it three times, as red, green and blue.

# %% alt="The same spotted slipper boot twice: in light blue and red, and in shades of grey."
from PIL import Image

slipper = stand_in(predictor, "Slippers/Boot/O'Darby/5914557.133.jpg")
picture = Image.fromarray(catalogue.picture(slipper))
grey = picture.convert("L").convert("RGB")
Image.fromarray(np.hstack([picture, grey]))

# %% [markdown]
# `shape_colour_texture` does this with all pictures. Its `shape` are the features of the grey ones.

# %%
raw = zapsim.shape_colour_texture(catalogue, cache_of(catalogue, parts_cache), centre=False)
by_hand = predictor.features_of(np.asarray(grey))
print("agree:", np.allclose(by_hand, raw["shape"].loc[slipper], atol=0.01))

# %% [markdown]
# Compare the neighbours of all shoes, in colour and in grey. How many of five stay?

# %%
products = catalogue.table.get("Product")
in_colour = zapsim.top_k(features, k=5, exclude=products)
in_grey = zapsim.top_k(raw["shape"], k=5, exclude=products)
pairs = zip(in_colour.indices, in_grey.indices, strict=True)
print(f"in both: {np.mean([len(set(one) & set(two)) / 5 for one, two in pairs]):.0%}")

# %% alt="Neighbours of a spotted slipper boot. In colour: red, pink, striped, purple and checked ones. In grey: five checked ones, red, yellow, sand, blue and green. Two are in both rows."
rows = {"in colour": predictor, "in grey": zapsim.SimilarityPredictor(catalogue, raw["shape"])}
rows = {name: each.similar(slipper, hide_colourways=True) for name, each in rows.items()}
zapsim.plot_side_by_side(catalogue, slipper, rows)

# %% [markdown]
# Three neighbours in ten change. Here, the first row is mostly red and pink, the second is checked. Precision@5, as
# 07 measures it, is 0.88 in colour and 0.89 in grey: it hardly sees what a customer sees at once.

# %% tags=["question"]
question("09-b")

# %% [markdown]
# ## Mix shape and colour
# A mixture is a weighted mean of scores, with [weights](glossary.md#weights-of-a-mixture) that add to 1. Half
# shape and half colour for a pink clog: how many of its six neighbours come from each?

# %%
clog = stand_in(predictor, "Shoes/Clogs and Mules/Marisol Bay/5329826.13.jpg")
shape, colour = (
    zapsim.similarity_matrix(raw[name]).loc[clog].drop(clog) for name in ("shape", "colour")
)
half = 0.5 * shape + 0.5 * colour
six = set(half.nlargest(6).index)
for name, scores in {"shape": shape, "colour": colour}.items():
    print(f"{len(six & set(scores.nlargest(6).index))} of six are the nearest by {name}")

# %% [markdown]
# That is not half and half. The reason shows in how the two kinds of scores are spread:

# %% alt="Two histograms of scores: shape is narrow, from 0.7 to 0.95; colour is wide, from 0.2 to 0.95."
axes = pd.DataFrame({"shape": shape, "colour": colour}).plot.hist(
    bins=40, alpha=0.6, figsize=(7, 2.6), color=["#0072B2", "#D55E00"]
)
_ = axes.set(title="Colour's scores differ more, so they decide", xlabel="score")

# %% [markdown]
# ## 📝 Exercise 09-3: mend the mixture
#
# - **Goal:** half and half, with the same say for both.
# - **Given:** `shape` and `colour`, and the line to mend: `half = 0.5 * shape + 0.5 * colour`.
# - **Wanted:** `my_mix`, a Series. First bring each to the same scale: less its mean, divided by its standard
#   deviation (`.std()`). Then the weighted mean.

# %% tags=["exercise"]
my_mix = ...


check("09-3", my_mix, shape, colour)

# %% [markdown]
# zapsim's `blend` puts kinds together so that a score is the weighted mean of their scores. From the raw kinds it
# makes `half` again:

# %%
both = zapsim.blend(
    {name: raw[name] for name in ("shape", "colour")}, {"shape": 0.5, "colour": 0.5}
)
by_zapsim = zapsim.similarity_matrix(both).loc[clog].drop(clog)
print("agree:", np.allclose(by_zapsim, half, atol=0.001))

# %% [markdown]
# So it needs kinds on about the same scale. `centred` takes what is usual away from the vectors themselves. Then,
# from all shape to all colour:

# %% alt="Three rows of neighbours of a pink clog. All shape: five clogs of the same kind in brown, sand, white and blue, and a green one. Half: clogs and pink shoes mixed. All colour: only pink shoes, a tall boot among them."
from zapsim.kinds.blend import centred

parts = {name: centred(part) for name, part in raw.items()}
rows = {}
for share in (1, 0.5, 0):
    mixed = zapsim.blend(parts, {"shape": share, "colour": 1 - share})
    rows[f"{share:.0%} shape"] = zapsim.SimilarityPredictor(catalogue, mixed).similar(clog, 6)
zapsim.plot_side_by_side(catalogue, clog, rows, k=6)

# %% [markdown]
# `mix` has a slider for each kind. Its third one, *texture*, comes from an early layer: patterns, without shape.
# (Where sliders don't run, `mixer.preview()` shows a row.)

# %% tags=["nbval-ignore-output"]
mixer = zapsim.mix(catalogue, parts, clog)
mixer

# %% [markdown]
# ## Six times the same?
# The nearest are often near each other, too. For [diversity](glossary.md#diversity), choose one at a time: near the
# query, and not near those already chosen.

# %%
matrix = zapsim.similarity_matrix(features)


def diverse(query, k, diversity):
    near = matrix.loc[query].drop(query).nlargest(100)
    chosen = [near.index[0]]
    while len(chosen) < k:
        left = near.drop(chosen)
        alike = matrix.loc[left.index, chosen].max(axis=1)
        chosen.append(((1 - diversity) * left - diversity * alike).idxmax())
    return chosen


print("agree:", diverse(clog, 6, 0.5) == list(predictor.similar(clog, 6, diversity=0.5)["key"]))

# %% alt="Neighbours of a pink clog. Diversity 0: five clogs with holes and one green clog. Diversity 0.5: one clog with holes, then a sneaker, a red clog, a mule, a loafer and a sandal."
rows = {f"diversity {d}": predictor.similar(clog, 6, diversity=d) for d in (0, 0.5)}
zapsim.plot_side_by_side(catalogue, clog, rows, k=6)

# %% tags=["question"]
question("09-c")

# %% [markdown]
# ## Only a part
# All toes point to the left, so the heel is in the lower right cell. Let only its 512 features count.
#
# ## 📝 Exercise 09-4: the heel's cell
#
# - **Goal:** cut out the features of one cell.
# - **Given:** `features`, a column each, ordered by cell: upper left, upper right, lower left, lower right. 512 a cell.
# - **Wanted:** `my_part`, a table of all items with the columns of the lower right cell.

# %% tags=["exercise"]
my_part = ...


check("09-4", my_part, features)

# %% [markdown]
# zapsim has this as `part=`. Which row has the query's heel?

# %% alt="Neighbours of a black ankle boot on a high heel. By the whole picture: boots on lower, thicker heels, and one shoe. By the lower right part: five low shoes on high, thin heels, no boot."
heeled = stand_in(predictor, "Boots/Ankle/Lumen Row/2602155.3.jpg")
rows = {
    name: predictor.similar(heeled, hide_colourways=True, part=part)
    for name, part in {"whole": None, "lower right": "lower right"}.items()
}
zapsim.plot_side_by_side(catalogue, heeled, rows)

# %% [markdown]
# One row proves nothing, so we count. MiniZap's table has heel heights and toe styles. First each cell's neighbours,
# by hand as by zapsim:

# %%
shoes, of_shoes = fitting(catalogue, features, columns=["HeelHeight", "ToeStyle"])
hidden, cell_names = (
    shoes.table.get("Product"),
    ["upper left", "upper right", "lower left", "lower right"],
)
ways = {"whole": of_shoes}
for number, name in enumerate(cell_names):
    ways[name] = of_shoes.iloc[:, 512 * number : 512 * number + 512]
found = {name: zapsim.top_k(way, k=5, exclude=hidden) for name, way in ways.items()}

# %%
by_part = zapsim.SimilarityPredictor(shoes, of_shoes).similar(
    shoes.keys[0], hide_colourways=True, part="lower right"
)
by_hand = shoes.keys[found["lower right"].indices[0]]
print("agree:", list(by_part["key"]) == list(by_hand))

# %% [markdown]
# Then precision@5 with these two columns as labels, so it is another measure than in 07:

# %%
reached = {
    column: {name: zapsim.precision_at_k(n, shoes.table[column]) for name, n in found.items()}
    for column in ("HeelHeight", "ToeStyle")
}
pd.DataFrame(reached).round(2)

# %% [markdown]
# Each time one cell looks better than the whole picture, and it is the one we expect. Is it more than luck? The
# differences, as in 07:

# %%
tries, rows = {"HeelHeight": "lower right", "ToeStyle": "lower left"}, {}
for column, name in tries.items():
    table = zapsim.paired_difference(
        found[name], found["whole"], shoes.table[column], exclude=hidden
    )
    rows[f"{column}, {name}"] = table.loc["precision@5", ["difference", "low", "high"]]
pd.DataFrame(rows).T.round(3)

# %% [markdown]
# For heels the interval contains 0: 205 products cannot say. For toes it is just above 0, but one style in common is
# enough here. Where all styles must be the same, there is no gain (-0.006). So a part shows *other* shoes; we have
# not shown that they are better.

# %% tags=["question"]
question("09-d")

# %% [markdown]
# ## The whole catalogue at a glance
# Two numbers an item make a map. [PCA](glossary.md#pca) keeps the two directions in which items differ most.
# scikit-learn and zapsim agree (a direction may be turned round):

# %%
from sklearn.decomposition import PCA

places = PCA(n_components=2).fit_transform(unit)
by_zapsim = zapsim.map_catalogue(features, method="PCA")
turned = [abs(np.corrcoef(places[:, n], by_zapsim.iloc[:, n])[0, 1]) for n in (0, 1)]
print("agree:", np.allclose(turned, 1, atol=0.001))

# %% [markdown]
# [t-SNE](glossary.md#t-sne) keeps neighbours together instead. Distances between far groups mean little. One picture
# a product:

# %% alt="A map of shoe pictures, coloured by category: boots together at one end, slipper boots beside them, heeled sandals beside heels, flat sandals far away from those." tags=["nbval-ignore-output"]
one_each = catalogue if products is None else catalogue.subset(products.drop_duplicates().index)
places = zapsim.map_catalogue(features.loc[one_each.keys])
label = "Category" if "Category" in catalogue.table else None
zapsim.plot_map(one_each, places, label)

# %% [markdown]
# ## You can now
# Say in what two shoes are similar, and choose what should count, without believing every picture of it.

# %%
goals("09")

# %% [markdown]
# **Next:** [10](10_bring_your_own_catalogue.ipynb) does all of it with your own pictures.
