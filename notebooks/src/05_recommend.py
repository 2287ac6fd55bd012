# %% [markdown]
# # 05 · Recommend
#
# A score is not yet a recommendation. A customer may want women's shoes only, or bring a photo. And nobody wants to see
# the same shoe in red.
#
# **You will build** the article's recommender, mended, and what a shop needs besides.
#
# {goals}
#
# 🕐 30 minutes (1 running, 16 reading, 13 practice) · **You need** [04](04_measure_similarity.ipynb).

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim.course import check, goals, question
from zapsim.course.own_pictures import fitting, load_or_extract, whose

# %% tags=["parameters"]
# Your own pictures: a folder or zip, and a folder for their features.
source = None
cache = None
# A photo to search with.
my_picture = None

# %%
catalogue = zapsim.load_catalogue(source)
features = load_or_extract(catalogue, cache)
catalogue, features = fitting(catalogue.subset(features.index), features, n=3)
matrix = pd.DataFrame(cosine_similarity(features), index=features.index, columns=features.index)

# %% [markdown]
# ## The article's class, mended
# This course grew from an article (Akis Loumpourdis, “You may also like…”, 2021). Its class draws a product
# and its nearest [neighbours](glossary.md#neighbour). Here it is, mended: which line chooses?


# %%
class Recommender:
    def __init__(self, catalogue, matrix):
        self.catalogue, self.matrix = catalogue, matrix

    def similar(self, key, k=5):
        return self.matrix[key].drop(key).nlargest(k)

    def plot(self, key, k=5):
        found = self.similar(key, k)
        _, axes = plt.subplots(1, k + 1, figsize=(2 * k + 2, 2.3))
        for number, each in enumerate([key, *found.index]):
            axes[number].imshow(self.catalogue.picture(each))
            axes[number].set_title(f"{self.matrix.loc[key, each]:.3f}")
            axes[number].axis("off")


# %% [markdown]
# One product is the [query](glossary.md#query). What are its first two neighbours?

# %% alt="A blue slipper boot with dots, and its five nearest: first the same slipper in orange and in red, then three other slipper boots; scores fall from 0.953 to 0.896."
whose(catalogue)
first, second, third = catalogue.sample(3, seed=20).keys
recommender = Recommender(catalogue, matrix)
recommender.plot(third)

# %% [markdown]
# ## Filters
# Filters need columns, so here and for colourways we show MiniZap. Somebody looks at a men's oxford, and asks for women's
# shoes. A [mask](glossary.md#mask) says for each item whether it is wanted. (Some cells say `Men;Women`.) We take the
# five nearest, then we filter. How many are left?

# %%
minizap = zapsim.load_catalogue()
flip_flop, oxford, slipper = minizap.sample(3, seed=20).keys
scores = zapsim.similarity_matrix(load_or_extract(minizap))[oxford]
women = minizap.table["Gender"].str.contains("Women")
five = scores.drop(oxford).nlargest(5).index
print(women.sum(), "of", len(women), "items are for women")
print(women[five].sum(), "of", len(five), "are left")

# %% [markdown]
# Nothing is left, though most of the shop is for women.

# %% [markdown]
# ## 📝 Exercise 05-1: mend it
#
# - **Goal:** k recommendations that all pass the filter
# - **Given:** `scores`, a Series by key; `allowed`, a mask by key, False for the item itself
# - **Wanted:** `recommend(scores, allowed, k)`, a list of k keys, nearest first; fewer if fewer are allowed


# %% tags=["exercise"]
def recommend(scores, allowed, k):
    """Return the k keys with the highest scores among those allowed (list of str)."""


check("05-1", recommend)

# %% [markdown]
# ## The same with zapsim
# `zapsim.SimilarityPredictor` is a class such as ours. Its `similar` returns a table: rank, key, score, and the
# catalogue's columns. Does it find the same?

# %%
predictor = zapsim.SimilarityPredictor(catalogue, features)
by_hand, found = recommender.similar(third), predictor.similar(third, k=5)
print("same items:", list(by_hand.index) == list(found["key"]))
print("same scores:", np.allclose(by_hand, found["score"], atol=1e-5))

# %% [markdown]
# Three things are mended in both. The article skips the first row, and so loses a twin (see 04); we drop the item by
# name. It computes the scores, but never shows them. And it only draws; `similar` *returns* something that a shop can
# use. The question is about a fourth thing.

# %% tags=["question"]
question("05-a")

# %% [markdown]
# zapsim calls a filter `where`: a column and a value, or several values of which one must match. Does a mask
# find the same?

# %%
shop = zapsim.SimilarityPredictor(minizap, load_or_extract(minizap))
found = shop.similar(oxford, k=5, where={"Gender": "Women"})
allowed = women & (women.index != oxford)
print("same items:", list(scores[allowed].nlargest(5).index) == list(found["key"]))
found[["rank", "score", "SubCategory", "Brand", "Gender"]].round(3)

# %% [markdown]
# With several columns, all must match. “Like this slipper, but a boot with a zipper”:

# %% alt="The slipper boot, framed, and five boots with zippers: three colours of one ankle boot, one with a heel, one taller; scores from 0.855 to 0.835."
shop.plot(slipper, where={"Category": "Boots", "Closure": "Zipper"})

# %% tags=["question"]
question("05-b")

# %% [markdown]
# ## The same shoe again?
# A product comes in several [colourways](glossary.md#colourway), and each is an item. The slipper's first two neighbours
# were the slipper itself, in other colours. This is useless in a shop: nobody buys the same shoe twice. Now the
# flip-flop, product 8026420. Where does it find itself?

# %%
shop.similar(flip_flop, k=5)[["rank", "score", "Brand", "Product"]].round(3)

# %% [markdown]
# Another product comes first. The flip-flop in another colour is only second.

# %% tags=["question"]
question("05-c")

# %% [markdown]
# ## 📝 Exercise 05-2: hide the colourways
#
# - **Goal:** recommend other products only
# - **Given:** `scores`, a Series by key; `products`, the product of each item, by key
# - **Wanted:** `without_colourways(scores, products, key, k)`, a list of k keys, nearest first


# %% tags=["exercise"]
def without_colourways(scores, products, key, k):
    """Return the k nearest keys of other products than the key's own (list of str)."""


check("05-2", without_colourways)

# %% [markdown]
# In zapsim, `hide_colourways=True` does it. Only the *query's own* colourways are hidden: a neighbour may still come in
# several colours.

# %% alt="The slipper boot, framed, and five slipper boots of other products; two of them are one product in two colours."
shop.plot(slipper, hide_colourways=True)

# %% [markdown]
# ## A picture of your own
# Put the path of a photo into `my_picture`, at the top. The shoe should stand alone on a light background, its toe to
# the left, as in the catalogue. Without one, we cut off a shoe's edges and make it brighter, as a phone would. A new
# picture needs a new vector.

# %%
shoe = catalogue.picture(second)
height, width, _ = shoe.shape
shoe = shoe[height // 13 :, width // 34 : width - width // 22]
phone = np.clip(shoe * 1.15 + 10, 0, 255).astype(np.uint8)
picture = zapsim.load_picture(my_picture) if my_picture else phone
vector = predictor.features_of(picture)

# %% [markdown]
# The network ran once. The rest you know: one cosine with each row. `similar_to` does both. Do they agree, and is the
# shoe itself found first?

# %%
by_hand = pd.Series(cosine_similarity([vector], features)[0], index=features.index).nlargest(5)
found = predictor.similar_to(picture, k=5)
print("agree:", np.allclose(by_hand, found["score"], atol=1e-4))
print("the shoe itself is first:", found["key"][0] == second)

# %% alt="The changed photo of a black and white oxford, framed, and five oxfords; the first is the shoe itself, with a score of 0.957."
predictor.plot(picture)

# %% [markdown]
# Its score is not 1: edges and light count a little. Something else counts much more. Mirror the same picture, and look
# at what comes first:

# %% alt="The same photo mirrored, its toe to the right, and five open slippers and sandals instead of oxfords; no score is above 0.8."
predictor.plot(picture[:, ::-1])

# %% tags=["question"]
question("05-d")

# %% [markdown]
# So mirror your photo if its toe points to the right.

# %% [markdown]
# ## Several at once
# A customer likes two items. The mean of two vectors is a vector, too, so we can search with it. First each is scaled to
# length 1; otherwise the longer one would count more.

# %%
liked = [third, first]
unit = features.div(np.linalg.norm(features, axis=1), axis=0)
mean = unit.loc[liked].mean()
by_hand = pd.Series(cosine_similarity([mean], features)[0], index=features.index)
by_hand = by_hand.drop(liked).nlargest(5)
found = predictor.similar(liked, k=5)
print("same items:", list(by_hand.index) == list(found["key"]))

# %% alt="A slipper boot and a flip-flop, both framed, and five neighbours: two flip-flops, two slipper boots and one low slipper."
predictor.plot(liked)

# %% [markdown]
# Are these like both? Here is what each of the five scores with the one and with the other:

# %%
matrix.loc[by_hand.index, liked].set_axis(["first", "second"], axis=1).round(2)

# %% [markdown]
# ## 📝 Exercise 05-3: more like these, less like that
#
# - **Goal:** a query that moves away from what a customer does not like
# - **Given:** `unit`, vectors of length 1 by key; two lists of keys, `liked` and `unlike`
# - **Wanted:** `more_like(unit, liked, unlike)`: the mean of the liked, less a *quarter* of the mean of the unliked


# %% tags=["exercise"]
def more_like(unit, liked, unlike):
    """Return the mean of the liked vectors less a quarter of the mean of the unliked."""


check("05-3", more_like)

# %% [markdown]
# In zapsim the list is called `unlike`. Which of the five above are gone? (If you solved 05-3, you see whether zapsim
# agrees.)

# %%
found = predictor.similar(liked, k=5, unlike=[second])
mine = more_like(unit, liked, [second])
if np.shape(mine) == vector.shape:
    mine = pd.Series(cosine_similarity([mine], features)[0], index=features.index)
    mine = mine.drop([*liked, second]).nlargest(5)
    print("same items:", list(mine.index) == list(found["key"]))
found[["rank", "key", "score"]].round(3)

# %% [markdown]
# We took the oxford away. Two slippers are gone, and two flip-flops have come: the slippers look more like the oxford.

# %% [markdown]
# ## 📝 Exercise 05-4: say it in words
#
# - **Goal:** explain to the shop's owner what a customer gets who likes two different shoes
# - **Given:** the table above with two columns of scores
# - **Wanted:** `my_words`, a text of one or two sentences: what are the five close to?

# %% tags=["exercise"]
my_words = ...

check("05-4", my_words)

# %% [markdown]
# ## If you come from the article
#
# | the article | here | why |
# |---|---|---|
# | `Path(…).rglob("*.jpg")` | `load_catalogue(folder)` | sorted; other formats and zips, too |
# | `VGG16()`, `layers[-2].output` | `VGG16Extractor("fc2", image_size=224, weights="imagenet", power=1)` | our default cuts earlier: see 03 |
# | `ImageDataGenerator`, `predict` | `extractor.extract(catalogue, cache=…)` | Keras 3 dropped the first; ours resumes |
# | `cosine_similarity(…)` | `similarity_matrix(features)` | the same scores; checks memory first |
# | `to_pickle(…)` | `save_matrix(matrix, path)` | opening a pickle can run foreign code |
# | `sort_values(…)[1:6]` | `similar(key, k=5)` | drops the item by name |
# | `getSimilar(path, 5)` | `plot(key, k=5)` | the query beside its neighbours |

# %% [markdown]
# ## You can now
# You can write a recommender, and turn a customer's wishes into a choice of scores.

# %%
goals("05")

# %% [markdown]
# **Next:** in [06](06_browse.ipynb) you browse: every neighbour is a click away from being the next query.
