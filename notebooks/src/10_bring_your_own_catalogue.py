# %% [markdown]
# # 10 · Bring your own catalogue
#
# Your pictures are not shoes on white. They have numbers for names, some are there twice, and what is known about them is
# in a list that Excel saved. Here is such a folder.
#
# **You will build** a recommender for pictures that nobody has prepared, and then for your own.
#
# {goals}
#
# 🕐 40 minutes (2 running, 20 reading, 18 practice) · **You need** [05](05_recommend.ipynb).

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim.course import check, goals, question
from zapsim.course.joint_space import picture_vectors
from zapsim.course.postcards import count_copies, make_postcards

# %% [markdown]
# The last section takes your pictures: a folder, `.zip` or `.tar` in `source`, a list in `metadata`, and in `on` its column
# that names the picture. Until then we use postcards: 80 details of two photographs, and some copies.

# %% tags=["parameters"]
source = None
metadata = None
on = None

# %%
shop = Path(tempfile.mkdtemp()) / "postcards"
copies = make_postcards(shop)

# %% [markdown]
# ## What is in the folder?
# Look before you open: count the files by their suffix.

# %%
suffixes = [path.suffix for path in shop.rglob("*") if path.is_file()]
pd.Series(suffixes).value_counts()

# %% [markdown]
# zapsim takes what it can read, and says what it left out. A `.heic` is what an iPhone saves. Pillow, the library that reads
# our pictures, cannot read it.

# %% alt="Contact sheet of twelve small square details of two photographs: temple fronts and a tree from one, orange petals and blurred dark green leaves from the other."
catalogue = zapsim.load_catalogue(shop)
print(catalogue)
catalogue.plot(12)

# %% [markdown]
# `check` reads every picture once. It finds one more: half a file.

# %%
catalogue.check()[["problem", "key"]]

# %% tags=["question"]
question("10-a")

# %% [markdown]
# ## What is known about the pictures?
# Excel on a German Windows writes semicolons, because the comma is in the price. It writes `ü` in an encoding called
# *cp1252*. To pandas you would have to say both:

# %%
rows = pd.read_csv(shop / "list.csv", sep=";", encoding="cp1252", dtype=str)
rows.head(3)

# %% [markdown]
# Row 101 belongs to `images/101.jpg`. So the key to join by is the file's name without its suffix, its *stem*.

# %%
stems = pd.Series([Path(key).stem for key in catalogue.keys], catalogue.keys, name="Number")
print(len(stems), "pictures,", len(rows), "rows")

# %% [markdown]
# ## 📝 Exercise 10-1: who has no row?
# - **Goal:** find the pictures that the list does not know.
# - **Given:** `stems`, a Series from key to stem, and `rows`, with a column `Number`.
# - **Wanted:** `my_unknown`, their keys.

# %% tags=["exercise"]
my_unknown = ...

check("10-1", my_unknown, stems, rows)

# %% [markdown]
# Now the join. By hand it is a `merge`. zapsim does the same, and says what it found out. Always read its lines.

# %%
by_hand = stems.reset_index().merge(rows, on="Number").set_index("key")
catalogue = zapsim.load_catalogue(shop, metadata="list.csv", on="Number")
known = catalogue.table["Motif"].dropna()
print("the same as by hand:", dict(known) == dict(by_hand["Motif"]))

# %% [markdown]
# ## Neighbours
# As in 03 and 05. What cannot be read is named and left out.

# %% tags=["nbval-ignore-output"] alt="A framed temple front with red columns under a tiled roof. All five neighbours are such temple fronts."
features = zapsim.VGG16Extractor().extract(catalogue)
catalogue = catalogue.subset(features.index)
predictor = zapsim.SimilarityPredictor(catalogue, features)
predictor.plot("images/111.jpg")

# %% [markdown]
# Temples find temples. The network was trained on photographs of everything, so it needs neither shoes nor white.

# %% [markdown]
# ## The same photo twice
# Shops have the same photo resized, saved again, cropped or mirrored: a [near duplicate](glossary.md#near-duplicate). Is a
# high score enough to know it? Below are three pairs with their scores. Two of the pairs are copies. Which?

# %% alt="Three pairs with their scores: a temple roof and its coarse copy, 0.91; two pieces of pale sky, 0.95; orange petals and their mirror image, 0.65."
pairs = [("112", "181"), ("117", "166"), ("171", "191")]
figure, axes = plt.subplots(1, 6, figsize=(9, 1.9))
for place, numbers in enumerate(pairs):
    one, other = (f"images/{number}.jpg" for number in numbers)
    score = cosine_similarity(features.loc[[one]], features.loc[[other]])[0, 0]
    for axis, key in zip(axes[2 * place :], (one, other), strict=False):
        axis.imshow(catalogue.picture(key))
        axis.set(title=f"{score:.2f}", xticks=[], yticks=[])

# %% [markdown]
# The second pair has the highest score, though it is two different pieces of sky. The third pair is one photo, mirrored,
# and has the lowest. So a score is not enough. We compare the pixels, at one small size, and divide by the contrast: 0 means
# the same, and 1 or more nothing in common.


# %%
def small(number):
    image = Image.fromarray(catalogue.picture(f"images/{number}.jpg"))
    return np.asarray(image.resize((32, 32)), float)


def distance(one, other):
    return np.sqrt(((one - other) ** 2).mean() / one.var())


for numbers in pairs:
    print(numbers, round(distance(*map(small, numbers)), 2))

# %% [markdown]
# The copy of half the size is near now, and the sky is far. The mirrored copy is still missed.

# %% [markdown]
# ## 📝 Exercise 10-2: find it mirrored, too
# - **Goal:** a distance that is small for a mirrored copy, and for a plain one.
# - **Given:** `distance(one, other)`. The pictures are arrays, height × width × 3.
# - **Wanted:** a function `my_distance(one, other)` that returns the smaller of two distances.


# %% tags=["exercise"]
def my_distance(one, other):
    """Return the distance of two small pictures, of which one may be mirrored (float)."""


check("10-2", my_distance)

# %% [markdown]
# `near_duplicates` does this with all likely pairs. It also moves one picture a little, so that a crop fits. Does it agree
# with `distance`? Here are a resized copy, one saved again, and a cropped one:

# %% tags=["nbval-ignore-output"]
duplicates = zapsim.near_duplicates(catalogue, features)

# %%
measured = duplicates.set_index("key")["distance"]
for numbers in [("112", "181"), ("130", "184"), ("142", "187")]:
    print(
        numbers,
        "by hand", round(distance(*map(small, numbers)), 2),
        "zapsim", round(measured[f"images/{numbers[1]}.jpg"], 2),
    )  # fmt: skip

# %% [markdown]
# The first two agree within 0.01. The crop was moved into place, so it is much nearer now.
#
# The [threshold](glossary.md#threshold) 0.15 was chosen on shoes on white. Does it carry over? We made the copies, so we can
# count. `wrong` are groups that hold no copy of ours.

# %% tags=["nbval-ignore-output"]
tables = {
    threshold: zapsim.near_duplicates(catalogue, features, threshold)
    for threshold in (0.05, 0.15, 0.3, 0.7)
}

# %%
counts = [count_copies(table, copies) for table in tables.values()]
pd.DataFrame(counts, pd.Index(tables, name="threshold"))

# %% [markdown]
# Here 0.15 misses two copies, 0.3 finds all, and 0.7 takes other pictures for copies.

# %% tags=["question"]
question("10-b")

# %% [markdown]
# `predictor.similar(key, hide_duplicates=duplicates)` shows one of each group, and none of the query's own.
#
# ## Is it any good, without labels?
# With [labels](glossary.md#label), judge as in [07](07_is_it_any_good.ipynb). Without them you can still ask: *do the
# neighbours stay when a picture is changed as people change it?* By hand, for thirty mirrored pictures:

# %%
kept = []
for key in catalogue.keys.to_series().sample(30, random_state=0):
    before = predictor.similar(key, k=5)["key"]
    mirrored = catalogue.picture(key)[:, ::-1]
    after = predictor.similar_to(mirrored, k=6)["key"]
    kept.append(before.isin(after[after != key][:5]).mean())
print(f"{np.mean(kept):.2f} of the neighbours stay")

# %% [markdown]
# `stability` does this with four changes, and says how certain the numbers are:

# %% tags=["nbval-ignore-output"]
card = zapsim.stability(predictor, n=30)["neighbours kept"]

# %%
print("the same as by hand:", np.isclose(card.loc["mirrored", "value"], np.mean(kept)))
card.round(2)

# %% [markdown]
# Resized, saved again or cropped, a picture keeps most of its neighbours. *Mirrored*, it loses nearly half: the 2×2 grid
# knows left from right. If your pictures have no left and right, try `VGG16Extractor(grid=1)`, and measure again.

# %% tags=["question"]
question("10-c")

# %% [markdown]
# ## Vectors of your own, and words
# Any table of numbers with a row for each picture will do. A model such as *CLIP* puts pictures **and texts** into one space,
# so a text finds pictures. It is too large to ship (`docs/own_vectors.md` shows it). Here is a tiny space, made by hand: eight
# words, and for each picture how much of each word is in it.

# %%
vectors = picture_vectors(catalogue)
vectors.head(3).round(2)

# %% [markdown]
# A text's vector has a 1 for each of its words. The rest you know: cosines, sorted. zapsim takes this vector, too. The
# pictures below are in the order of their names:

# %% alt="Six details of an orange flower: smooth petals before blurred dark green. One of them is a coarse copy of half the size."
text = vectors.columns.isin(["orange", "smooth"]).astype(float)
scores = pd.Series(cosine_similarity([text], vectors)[0], vectors.index)
words = zapsim.SimilarityPredictor(catalogue, vectors)
found = words.similar_to(text, k=6)["key"]
print("the same as by hand:", list(found) == list(scores.nlargest(6).index))
catalogue.subset(found).plot()

# %% [markdown]
# ## 📝 Exercise 10-3: search with words
# - **Goal:** find dark green pictures.
# - **Given:** `vectors`, whose columns are the words, and `words`, a predictor.
# - **Wanted:** `my_found`, the keys of the 4 nearest, nearest first.

# %% tags=["exercise"]
my_found = ...

check("10-3", my_found, vectors)

# %% [markdown]
# ## Yours
# Put your folder into `source` at the top, and run all cells again. Without one, these are the postcards. Read the printed
# lines, and look at the neighbours.

# %% tags=["nbval-ignore-output"] alt="The first picture, framed, and its five neighbours; of the postcards, blurred dark green leaves, three with a bright petal at an edge."
mine = zapsim.load_catalogue(source or shop, metadata=metadata, on=on)
own_features = zapsim.VGG16Extractor().extract(mine)
mine = mine.subset(own_features.index)
own = zapsim.SimilarityPredictor(mine, own_features)
own.plot(mine.keys[0])

# %% [markdown]
# Then browse it, or take it away as one page that opens in any browser, without Python:
#
# ```python
# zapsim.browse(own)
# own.page("shop.html", title="My shop")
# ```

# %% [markdown]
# ## You can now
# You can take an unknown folder to a recommender that you have looked at and questioned.

# %%
goals("10")

# %% [markdown]
# **Next:** in [12](12_without_zapsim.ipynb) you write it all without zapsim.
