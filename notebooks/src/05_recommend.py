# %% [markdown]
# # 05 · Recommend
#
# Scores are numbers; a recommendation is a choice. Which neighbours does a customer want to see: the
# same shoe in red? Only women's? Only this brand's? And what about a photo they took themselves?
#
# **You will build** recommendations that a shop could show.
#
# **By the end you can**
#
# - recommend for any item, as a figure, a table or a piece of HTML,
# - filter by anything that is known about the items, and hide other colourways,
# - search with a picture of your own,
# - translate the article's code, line by line.
#
# 🕐 20 minutes · **You need** [04](04_measure_similarity.ipynb).

# %%
import zapsim
from zapsim.course.own_pictures import fitting, load_or_extract, whose

# %% tags=["parameters"]
source = None
# For pictures of your own: a folder for their features, such as `cache` in 00.
store = None
# The article's run: what 02 left on your Drive.
# source = zapsim.stage("/content/drive/MyDrive/Data/Zappos/ut-zap50k-images-square")
# store = "/content/drive/MyDrive/Data/zapsim-features"
my_picture = None
n_neighbours = 5

# %%
catalogue = zapsim.load_catalogue(source)
features = load_or_extract(catalogue, store)
catalogue, features = fitting(catalogue.subset(features.index), features, n=3)
predictor = zapsim.SimilarityPredictor(catalogue, features)

# %% [markdown]
# ## Three products, chosen by chance
# This is how the article (see 03) ends: three random products and what they bring up. Look at the row,
# then at the scores: does the drop from one to the next agree with what you see?

# %%
whose(catalogue)
queries = catalogue.sample(3, seed=20).keys
predictor.plot(queries[0], k=n_neighbours)

# %%
predictor.plot(queries[1], k=n_neighbours)

# %%
predictor.plot(queries[2], k=n_neighbours)

# %% [markdown]
# ## The same shoe again?
# The slipper's first two neighbours are the slipper itself, in other colours. (The flip-flop and the
# oxford have other products before their own colourways: colour counts, too.) Useless in a shop;
# `hide_colourways` leaves out the *query's own*. A neighbour may still come in several colours.

# %%
shop = fitting(predictor, columns=["Product"])
slipper = queries[2] if shop is predictor else shop.catalogue.sample(3, seed=20).keys[2]
whose(shop)
if shop is not predictor:
    display(shop.plot(slipper, k=n_neighbours))
shop.plot(slipper, k=n_neighbours, hide_colourways=True)

# %% [markdown]
# ## Filters
# `where` takes any column of the catalogue, with one value or several. "Like this slipper, but for
# outdoors, and with a zipper":

# %%
where = {"Category": "Boots", "Closure": "Zipper"}
needed = {"Category": ["Boots", "Slippers"], "Closure": "Zipper", "Gender": "Women"}
shop = fitting(predictor, where=needed, columns=["Brand", "Product"], n=3)
branded = shop.catalogue.subset(shop.table.dropna(subset=["Brand"]).index)
asked = branded.sample(3, seed=20).keys
shop.plot(asked[2], k=n_neighbours, where=where)

# %% [markdown]
# As a table, ready for whatever comes next:

# %%
found = shop.similar(asked[1], k=4, where={"Gender": "Women"}, hide_colourways=True)
found[["rank", "score", "SubCategory", "Brand", "Gender"]].round(3)

# %% [markdown]
# Ask for more than there are, and you get what there is, and a word about it. More than a row's worth
# goes into further rows. Slippers of the brand that has the most of them:

# %%
slippers = shop.table[shop.table["Category"] == "Slippers"]
brand = slippers["Brand"].mode()[0]
shop.plot(asked[2], k=24, where={"Category": "Slippers", "Brand": brand})

# %% [markdown]
# A key that doesn't exist is an error that helps:

# %%
try:
    predictor.similar(queries[0] + ".jpeg")
except KeyError as error:
    print(error.args[0][:120], "…")

# %% [markdown]
# ## A picture of your own
# Put the path of a photo into `my_picture` (at the top) to search with it. It helps to have the shoe
# alone on a light background, its toe to the left, as in the catalogue. Without one, here is a
# picture that isn't in the catalogue: one of its shoes, cropped differently and brightened, as a
# phone would. With MiniZap, VGG16 is loaded only now: everything up to here used saved features.

# %%
import numpy as np

whose(catalogue)
item = catalogue.picture(queries[1])
height, width, _ = item.shape
item = item[height // 13 :, width // 34 : width - width // 22]
phone = np.clip(item * 1.15 + 10, 0, 255).astype(np.uint8)
picture = zapsim.load_picture(my_picture) if my_picture else phone
predictor.plot(picture, k=n_neighbours)

# %% [markdown]
# The shoe itself is found first, but its score isn't 1: framing and light count. Something else counts
# far more. Mirror the same picture:

# %%
predictor.plot(picture[:, ::-1], k=n_neighbours)

# %% [markdown]
# That's no joke, and no accident: the 2×2 grid of averages knows left from right, and in this catalogue
# every toe points to the left. With `VGG16Extractor(grid=1)` it would hardly care. Mirror your
# photo if its toe points to the right.

# %% [markdown]
# ## Take it with you
# `html` gives a table with the pictures inside and a text for each of them, for people who can't
# see them. It can be saved, mailed, or put on a page.

# %% tags=["nbval-ignore-output"]
predictor.html(queries[0], k=2, hide_colourways=True)

# %% [markdown]
# ## If you come from the article
# Skip this if you haven't read it.
#
# | the article's line | here | and why |
# |---|---|---|
# | `Path(ZAPPOS_DATA).rglob("*.jpg")` | `load_catalogue(folder)` | sorted, so the same on every machine; other formats and zips too |
# | `imgs_dframe.sample(n=5000, random_state=42)` | `catalogue.sample(5000, seed=42)` | |
# | `VGG16()`, `Model(…, vgg16.layers[-2].output)` | `VGG16Extractor("fc2", image_size=224, weights="imagenet", power=1)` | the default cuts earlier, at 29 % of the arithmetic: see 03 |
# | `ImageDataGenerator(…).flow_from_dataframe(…)` | (inside `extract`) | it no longer exists in Keras 3 |
# | `vgg_custom.predict(dset)` | `extractor.extract(catalogue, cache=…)` | resumes after an interruption |
# | `cosine_similarity(preds)`, `pd.DataFrame(…)` | `similarity_matrix(features)` | same numbers; refuses what doesn't fit |
# | `to_pickle(…)` | `save_matrix(matrix, path)` | Parquet: opening it can't run code |
# | `sort_values(ascending=False)[1:6]` | `top_k(features, k=5)` | leaves the item out by name, not by its place |
# | `SimilarityPredictor(df).getSimilar(path, 5)` | `SimilarityPredictor(catalogue, features).plot(key, k=5)` | the query beside its results |

# %% [markdown]
# ## 📝 Exercise: only this brand
#
# **Goal:** a shop within a shop: recommend only what is of the query's own brand.
# **Given:** `shop`, a predictor; `shop.table.loc[key, "Brand"]` is an item's brand.
# **Wanted:** a function `same_brand(key, k)` that returns the table of the k nearest items of the same
# brand, other colourways hidden.
#
# *Hint:* `where` takes a dictionary.


# %% tags=["exercise"]
# stub: same_brand = ...
def same_brand(key, k):
    brand = shop.table.loc[key, "Brand"]
    return shop.similar(key, k, where={"Brand": brand}, hide_colourways=True)


# %% tags=["check"]
from zapsim.course.exercise import check


def is_right(function):
    for key, k in [(asked[0], 1), (asked[1], 3), (asked[2], 4)]:
        item, everything = shop.table.loc[key], shop.similar(key, k=len(shop.table))
        same = (everything["Brand"] == item["Brand"]) & (everything["Product"] != item["Product"])
        if list(function(key, k)["key"]) != list(everything["key"][same][:k]):
            return False
    return True


check(same_brand, is_right, hint="the k nearest of the key's own Brand, its own colourways hidden")

# %% [markdown]
# ## You can now
#
# - ✅ recommend for any item, as a figure, a table or a piece of HTML,
# - ✅ filter by anything that is known about the items, and hide other colourways,
# - ✅ search with a picture of your own,
# - ✅ translate the article's code, line by line.
#
# **Next:** in 06 you browse: every neighbour is a click away from being the next query.
