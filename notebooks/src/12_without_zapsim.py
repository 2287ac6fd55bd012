# %% [markdown]
# # 12 · Without zapsim
#
# You have written every part of the recommender by hand. Here they stand together: first the article's program in
# today's Keras, then the whole recommender. Up to the last section, only the checks of your answers use zapsim.
#
# **You will build** a recommender in about sixty lines, which you can take to any machine that has Keras.
#
# {goals}
#
# 🕐 30 minutes (2 running, 14 reading, 14 practice) · **You need** [06](06_browse.ipynb), and Keras.

# %%
import sys
import tempfile
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from sklearn.metrics.pairwise import cosine_similarity

# %% tags=["parameters"]
# True: the article's own cut. Keras then fetches 528 MB from the internet.
fc2 = False

# %% [markdown]
# ## Pictures and weights
# Both are files in `data`, beside the notebooks. On Colab it came with the installation. The next cell
# looks in both.

# %%
places = [Path("../data"), Path("../../data")]
places += [Path(place, data) for place in sys.path for data in ("data", "zapsim/data")]
DATA = next(place for place in places if (place / "minizap.zip").exists())
WEIGHTS = DATA / "vgg16_notop_float16.weights.h5"
print(WEIGHTS.name)

# %% [markdown]
# A file's name begins with its product, and one picture of each is enough: the first.

# %%
SHOP = Path(tempfile.mkdtemp())
with zipfile.ZipFile(DATA / "minizap.zip") as archive:
    names = pd.Series(sorted(name for name in archive.namelist() if name.endswith(".jpg")))
    one_each = names[~names.str.extract(r"(\d+)\.\d+\.jpg")[0].duplicated()]
    archive.extractall(SHOP, one_each)
print(len(one_each), "products")

# %% [markdown]
# ## Part 1: the article, today
# This is the program of "You may also like… How to use convolutional neural networks" by Akis Loumpourdis, HackerNoon,
# 2021, with its own names. What had to change is listed below it. If the import fails,
# install TensorFlow; Python 3.14 has none yet.

# %%
from keras.applications.vgg16 import VGG16, preprocess_input
from keras.models import Model
from keras.preprocessing.image import img_to_array, load_img

ZAPPOS_DATA = SHOP
BATCH_SIZE = 64
IMG_SIZE = (224, 224)

# %% [markdown]
# The article takes `layers[-2]`, the last layer but one. It is `fc2`, 4,096 numbers for each picture. The bundled
# weights have no such layer. With them, we take the mean of each of the last 512 maps.

# %%
if fc2:
    vgg16 = VGG16()
    vgg_custom = Model(inputs=vgg16.input, outputs=vgg16.layers[-2].output)
else:
    shape = (*IMG_SIZE, 3)
    vgg16 = VGG16(weights=WEIGHTS, include_top=False, input_shape=shape, pooling="avg")
    vgg_custom = Model(inputs=vgg16.input, outputs=vgg16.layers[-1].output)
print(vgg_custom.output.shape)

# %%
zappos_images = sorted(str(x) for x in Path(ZAPPOS_DATA).rglob("*.jpg"))
imgs_dframe = pd.DataFrame(zappos_images, columns=["filename"])
reduced_img_dframe = imgs_dframe.sample(n=50, random_state=42)
files = reduced_img_dframe["filename"]

# %% [markdown]
# Before the network runs, **predict** what it gives. The next cell loads what checks answers. Without zapsim
# installed, skip it, and the practice.

# %%
from zapsim.course import check, goals, hint, question, solution

# %% [markdown]
# ## 📝 Exercise 12-1: predict the shapes
#
# - **Goal:** know the size of what comes out, before you compute it.
# - **Given:** `files`, fifty paths, and `vgg_custom`, whose output is printed above.
# - **Wanted:** `my_shapes`, a list of two shapes, such as `[(3, 5), (3, 3)]`: first that of `preds`, a row for each
#   picture. Then that of the matrix that holds the cosine similarity of each pair.

# %% tags=["exercise"]
my_shapes = ...

check("12-1", my_shapes, vgg_custom, files)

# %% [markdown]
# The generator did three things: load, resize, preprocess. Here are the same three, for all pictures at once.

# %%
dset = np.stack([img_to_array(load_img(file, target_size=IMG_SIZE)) for file in files])
preds = vgg_custom.predict(preprocess_input(dset), batch_size=BATCH_SIZE, verbose=0)
print(preds.shape)

# %%
cosSimilarities = cosine_similarity(preds)
cos_similarities_df = pd.DataFrame(cosSimilarities, columns=files, index=files)
cos_similarities_df.shape


# %% [markdown]
# The article's class takes a column of the matrix, sorts it, and leaves out the first. We draw the query beside its
# neighbours.


# %%
class SimilarityPredictor:
    def __init__(self, cosinedf):
        self.cosinedf = cosinedf

    def getSimilar(self, originalPath, noRelated):
        column = self.cosinedf[originalPath].sort_values(ascending=False)
        shown = [originalPath, *column.index[1 : noRelated + 1]]
        _, axes = plt.subplots(1, len(shown), figsize=(12, 2.4))
        for axis, path in zip(axes, shown, strict=True):
            axis.imshow(load_img(path))
            axis.set_title("original" if path == originalPath else "also like")
            axis.axis("off")


# %% alt="A flat, light blue sandal with thin straps, and five other sandals: a pink one of the same shape, two flip-flops, a yellow and blue one with a thick sole, and a high heel with the same blue straps."
similarity = SimilarityPredictor(cos_similarities_df)
randomProd = files.sample(n=1, random_state=3).item()
similarity.getSimilar(randomProd, 5)

# %% [markdown]
# All six are sandals, but their shapes differ. Only 50 pictures were there to choose from, and of each map only the
# mean of the whole picture is left. Four things are not as in the article:
#
# - `ImageDataGenerator` can no longer be imported from Keras. The pictures are loaded into one array instead.
# - Our pictures take the place of the 50,025 on the author's Drive, and 50 are drawn instead of 5,000.
# - `VGG16()` fetches 528 MB. Offline, the bundled weights end before its last layers. We cut at the end of these.
# - The paths are sorted, so that every machine draws the same.

# %% tags=["question"]
question("12-a")

# %% [markdown]
# ## Part 2: the whole recommender
# Now with what you learned: white around a picture that is no square, a cut in the middle of the network, a 2×2 grid of
# means, and a root. First the catalogue: a row for each picture. Its *key* is its path.

# %%
paths = sorted(SHOP.rglob("*.jpg"))
keys = [path.relative_to(SHOP).as_posix() for path in paths]
levels = ["Category", "SubCategory", "Brand"]
table = pd.DataFrame([key.split("/")[:3] for key in keys], keys, levels)
table.head(3)

# %% [markdown]
# The network, cut after its fourth block, or where the switch `fc2` says.

# %%
if fc2:
    vgg, cut, size = VGG16(), "fc2", 224
else:
    cut, size = "block4_pool", 128
    vgg = VGG16(weights=WEIGHTS, include_top=False, input_shape=(size, size, 3))
model = Model(vgg.input, vgg.get_layer(cut).output)


# %% [markdown]
# One path from file to network, for every picture. `ImageOps.pad` keeps the proportions, and fills up with white.


# %%
def square(path):
    image = Image.open(path).convert("RGB")
    return np.asarray(ImageOps.pad(image, (size, size), Image.Resampling.BILINEAR, color="white"))


pictures = preprocess_input(np.stack([square(path) for path in paths]).astype("float32"))
maps = model.predict(pictures, verbose=0)
print(maps.shape)

# %% [markdown]
# Each map of 8×8 cells becomes four means, one for each quarter of the picture. The root keeps a few large numbers
# from deciding alone. `fc2` gives no maps, and stays as it is.


# %%
def vectors(maps):
    if maps.ndim == 2:
        return maps
    n, side, _, channels = maps.shape
    quarters = maps.reshape(n, 2, side // 2, 2, side // 2, channels)
    return np.sqrt(quarters.mean(axis=(2, 4)).reshape(n, -1))


features = pd.DataFrame(vectors(maps), keys)
features.shape

# %% [markdown]
# All pairs, and the largest of a column. `drop` takes out the query by its name. So it does not matter at which place
# it stands.

# %%
scores = pd.DataFrame(cosine_similarity(features), keys, keys)


def similar(key, k=5):
    return scores[key].drop(key).nlargest(k)


query = keys[60]
similar(query).round(2)


# %%
def plot(key, k=5):
    titles = {key: "query"} | similar(key, k).map("{:.2f}".format).to_dict()
    _, axes = plt.subplots(1, k + 1, figsize=(12, 2.4))
    for axis, (shown, title) in zip(axes, titles.items(), strict=True):
        axis.imshow(Image.open(SHOP / shown))
        axis.set_title(title, fontsize=14)
        axis.axis("off")


# %% alt="A flat pink sandal with an ankle strap, and its five nearest with scores from 0.91 to 0.86: three flat sandals, a purple slingback with a low heel, and a wedge with an ankle strap."
plot(query)

# %% [markdown]
# Again sandals only, and the first three are flat as the query is.
#
# The browser of 06, in its smallest form: a state, cards that are made once, one function that shows, one that
# chooses.

# %%
import ipywidgets as widgets

state = {"query": query}
large = widgets.Image(width=160, format="jpeg")
images = [widgets.Image(width=120, format="jpeg") for _ in range(4)]
buttons = [widgets.Button(description="Search like this") for _ in range(4)]


def found():
    return similar(state["query"], 4).index


def show():
    for image, key in zip([large, *images], [state["query"], *found()], strict=True):
        image.value = (SHOP / key).read_bytes()


# %%
def choose(button):
    state["query"] = found()[buttons.index(button)]
    show()


for button in buttons:
    button.on_click(choose)

# %% tags=["nbval-ignore-output"]
show()
cards = [widgets.VBox(pair) for pair in zip(images, buttons, strict=True)]
widgets.VBox([large, widgets.HBox(cards)])

# %% [markdown]
# That is all of it. `buttons.index(button)` asks which button was clicked, so no loop variable can be caught.
#
# ## Does zapsim agree?
# Two things should be equal: the numbers of a picture, and its neighbours. zapsim computes 41 of the pictures in the
# same precision as Keras. Then it searches among the vectors of all.

# %%
import zapsim

own_cut = {"layer": "fc2", "image_size": 224, "power": 1} if fc2 else {}
catalogue = zapsim.load_catalogue(SHOP)
some = catalogue.subset(keys[::5])
theirs = zapsim.VGG16Extractor(precision="float32", **own_cut).extract(some)
ours = features.loc[theirs.index]
difference = np.abs(theirs.to_numpy() - ours.to_numpy()).max() / ours.to_numpy().max()
print("the numbers agree:", bool(difference < 0.001))

# %%
predictor = zapsim.SimilarityPredictor(catalogue, features)
same = [set(similar(key).index) == set(predictor.similar(key, k=5)["key"]) for key in keys]
print(f"the same five neighbours: {np.mean(same):.0%} of the shoes")

# %% [markdown]
# The recommender that you can read on one page finds what the library finds. The numbers differ by less than a
# thousandth of the largest, because zapsim keeps them in 16 bits.

# %% [markdown]
# ## 📝 Exercise 12-2: a filter
#
# - **Goal:** let a shop say "only boots", and still show five.
# - **Given:** `scores` and `table` from above. `table[column] == value` is true for the keys that match.
# - **Wanted:** `my_similar(scores, table, key, column, value, k)` returns the `k` nearest that match, as `similar`
#   does: a Series, nearest first, without the query.


# %% tags=["exercise"]
def my_similar(scores, table, key, column, value, k):
    """Return the k nearest items with a value in a column (Series of scores by key)."""


check("12-2", my_similar)

# %% [markdown]
# ## 📝 Exercise 12-3: another cut
#
# - **Goal:** cut after another layer, and make one number of each map.
# - **Given:** `vgg`, the whole network, and `few`, ten pictures that are preprocessed already.
# - **Wanted:** `my_features`, an array of shape (10, 256): the mean of each map after `block3_pool`.

# %%
few = pictures[:10]

# %% tags=["exercise"]
my_features = ...

check("12-3", my_features, vgg, few)

# %% tags=["question"]
question("12-b")

# %% tags=["question"]
question("12-c")

# %% [markdown]
# ## You can now
# Read every line of a visual recommender, and change it. What zapsim adds is care for the cases that this page leaves
# out: interrupted runs, unreadable pictures, fifty thousand items, and measuring.
#
# **A larger task, without a check:** close this page, and write Part 2 from memory, for a folder of your own.

# %%
goals("12")

# %% [markdown]
# **Next:** take it to your own pictures, in [10](10_bring_your_own_catalogue.ipynb).
