# %% [markdown]
# # 00 · The whole story in ten lines
#
# You have a folder of product pictures. Somebody looks at a shoe, and you would like to say:
# *you may also like…* No ratings, no purchase history, no descriptions: only pictures.
#
# **You will build** recommendations for 205 shoes (615 pictures, for each comes in three colours), in
# ten lines.
#
# **By the end you can**
#
# - open a folder (or a zip) of pictures as a *catalogue*,
# - turn every picture into a *feature vector* with a pretrained neural network,
# - ask for the *neighbours* of any item, and judge them by eye.
#
# 🕐 5 minutes · **You need** Python's basics; nothing about neural networks yet.
#
# **The line that the whole course walks along**
#
# ```
# pictures ──> Catalogue ──> features ──> similarity ──> recommendations
#              notebook 01   02           03             04
# ```

# %%
import zapsim
from zapsim.course.own_pictures import cache_of, whose

# %% [markdown]
# The next cell is the only one to change when you come back with pictures of your own: `source`
# may be the path of a folder or a `.zip`, and `cache` a folder in which the feature vectors are
# kept. As it stands, it takes **MiniZap**, a small set of drawn shoes, and their feature
# vectors, both of which come with zapsim, so nothing is downloaded.

# %% tags=["parameters"]
source = None
cache = "bundled"
n_neighbours = 5

# %% [markdown]
# ## Open the catalogue
# One picture is one *item*. Its *key* is its path: category, subcategory, brand, and a file named
# product-dot-colour.

# %%
catalogue = zapsim.load_catalogue(source)
catalogue

# %%
catalogue.plot(24)

# %% [markdown]
# ## Turn pictures into vectors
# VGG16 is a network that learned to tell a thousand kinds of things apart in a million photos. We
# cut it short: what comes out in the middle is not a verdict ("loafer!") but a description, here
# **2,048 numbers a picture**. Each row below is one picture. (All 615 of MiniZap are *found*: they were
# extracted before and come with zapsim, so the network itself has nothing to do here. In 02 it has.)

# %%
features = zapsim.VGG16Extractor().extract(catalogue, cache=cache_of(catalogue, cache))
features.iloc[:4, :6].round(1)

# %% [markdown]
# ## Recommend
# Two pictures are similar if their vectors point in nearly the same direction. The framed picture
# is the *query*; the others are its neighbours, nearest first, each with its *score*: 1 would be
# the same direction, 0 nothing in common. All of MiniZap's pictures are shoes on white, so even two that
# have little to do with each other get about 0.8.

# %%
catalogue = catalogue.subset(features.index)
predictor = zapsim.SimilarityPredictor(catalogue, features)
whose(catalogue)
query = catalogue.sample(1, seed=3).keys[0]
predictor.plot(query, k=n_neighbours)

# %% [markdown]
# The first neighbours are often the same shoe in other colours: a product comes in several
# *colourways*. A shop wouldn't recommend those. One word hides the query's own colourways (a neighbour
# may still come in several). Where no colourways are known, nothing changes:

# %%
predictor.plot(query, k=n_neighbours, hide_colourways=True)

# %% [markdown]
# That's all of it. The next notebooks take it apart, one step at a time. The numbers behind the
# pictures are a table, like everything in this course:

# %%
predictor.similar(query, k=3, hide_colourways=True)[["rank", "key", "score"]].round(3)

# %% [markdown]
# ## 📝 Exercise: your turn to ask
#
# **Goal:** find the **6** nearest neighbours of the **first** item of the catalogue, without its
# own colourways.
# **Given:** `catalogue.keys`, all keys in order; `predictor`.
# **Wanted:** `my_neighbours`, a table with 6 rows.
#
# *Hint:* the cell before did the same for another item and another k. Keep all columns.

# %% tags=["exercise"]
# stub: my_neighbours = ...
my_neighbours = predictor.similar(catalogue.keys[0], k=6, hide_colourways=True)

# %% tags=["check"]
from zapsim.course.exercise import check

expected = predictor.similar(catalogue.keys[0], k=6, hide_colourways=True)
check(
    my_neighbours,
    lambda table: list(table["key"]) == list(expected["key"]),
    hint="a table of six rows, for catalogue.keys[0], with hide_colourways=True",
)

# %% [markdown]
# ## You can now
#
# - ✅ open a folder (or a zip) of pictures as a *catalogue*,
# - ✅ turn every picture into a *feature vector* with a pretrained neural network,
# - ✅ ask for the *neighbours* of any item, and judge them by eye.
#
# **Next:** in 01 you meet the catalogue itself: what is in it, and what may be wrong with it.
