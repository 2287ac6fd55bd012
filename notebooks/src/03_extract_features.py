# %% [markdown]
# # 03 · Extract features
#
# In 02 one shoe became one vector. Now a whole catalogue does, batch after batch, and the vectors are kept. Where you
# cut the network is a choice. Here you measure it.
#
# **You will build** a loop that turns pictures into feature vectors, and a rule that says which are still to do.
#
# {goals}
#
# 🕐 30 minutes (2 running, 18 reading, 10 practice) · **You need** [02](02_open_the_network.ipynb). This notebook needs
# Keras. If it is missing, run `pip install "zapsim[keras]"`. Python 3.14 has none yet.

# %%
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim.course import check, goals, hint, question, solution
from zapsim.course.lessons.extraction import interrupted, precisions, try_cuts, try_preprocessing
from zapsim.course.own_pictures import fitting, kind_of, labels_of, readable_sample, whose

# %% tags=["parameters"]
source = None
cache = None
n_sample = 96
# The article's run: 5,000 pictures, and their vectors, on your Drive.
# source = zapsim.stage("/content/drive/MyDrive/Data/Zappos/ut-zap50k-images-square")
# cache, n_sample = "/content/drive/MyDrive/Data/zapsim-features", 5000

# %% [markdown]
# ## By hand: one loop
# A network takes several pictures at once: a [batch](glossary.md#batch). Memory then has to hold one batch, not the
# whole catalogue. We begin with 24 pictures.

# %%
catalogue = zapsim.load_catalogue(source)
sample = readable_sample(catalogue, 24, seed=42)
pictures = [sample.picture(key) for key in sample.keys]
print(len(pictures), "pictures; the first has the shape", pictures[0].shape)

# %% [markdown]
# The network is cut after `block4_pool`, as in 02.

# %%
import keras
from keras.applications.vgg16 import preprocess_input

vgg = keras.applications.VGG16(
    weights=zapsim.VGG16_WEIGHTS, include_top=False, input_shape=(128, 128, 3)
)
cut = keras.Model(vgg.input, vgg.get_layer("block4_pool").output)
extractor = zapsim.VGG16Extractor(precision="float32")

# %% [markdown]
# The maps of a batch have four axes: picture, row, column, channel. `reshape` splits the 8 rows into 2 times 4, and the 8
# columns as well. The mean goes over the two fours, so each picture keeps 2×2 averages a channel. Then comes the root.


# %%
def vectors_of(prepared):
    """Turn prepared pictures (n, 128, 128, 3) into vectors (n, 2048)."""
    maps = cut.predict_on_batch(prepared)
    averages = maps.reshape(len(maps), 2, 4, 2, 4, 512).mean(axis=(2, 4))
    return np.sqrt(averages).reshape(len(maps), -1)


# %% [markdown]
# And the loop. `square` is zapsim's [padding](glossary.md#padding) on white, which you wrote in 02. Look at the last batch.

# %%
blocks = []
for start in range(0, len(pictures), 10):
    squares = np.float32([extractor.square(picture) for picture in pictures[start : start + 10]])
    blocks.append(vectors_of(preprocess_input(squares)))
    print("from picture", start, "on:", blocks[-1].shape)

by_hand = np.concatenate(blocks)

# %% [markdown]
# Only 4 pictures were left, and the slice took just those.

# %% [markdown]
# ## 📝 Exercise 03-1: count the batches
#
# - **Goal:** predict how a larger catalogue falls into batches.
# - **Given:** 615 pictures, 32 in a batch, and a loop like the one above.
# - **Wanted:** `my_batches`, two whole numbers: how many batches there are, and how many pictures the last one has.

# %% tags=["exercise"]
my_batches = ...

check("03-1", my_batches)

# %% tags=["question"]
question("03-a")

# %% [markdown]
# ## The same with zapsim
# `VGG16Extractor` does all of this. It prints what was loaded: the cut, the
# [feature vector](glossary.md#feature-vector)'s length, the weights, and what it computes with.

# %%
features = extractor.extract(pictures)
print("by hand and zapsim agree:", np.allclose(by_hand, features, rtol=1e-3, atol=1e-3))

# %% [markdown]
# ## Keep what was computed
# Thousands of pictures take minutes or hours, and a machine may stop. So each vector is kept under its picture's key.
# Such a place is called a [cache](glossary.md#cache). By hand it is a dictionary. Say we were stopped after 10
# pictures:

# %%
kept = dict(zip(sample.keys[:10], by_hand[:10], strict=True))
to_do = [key for key in sample.keys if key not in kept]
print(len(kept), "are kept,", len(to_do), "are still to do")

# %% [markdown]
# This cache can be wrong. Somebody replaces a photo: the key is the same, and the vector is that of the old photo.
# So we also keep a [fingerprint](glossary.md#fingerprint) of the file. It changes whenever the file changes.

# %%
data = sample.read(sample.keys[0])
print("the file:              ", sha256(data).hexdigest()[:16])
print("with one more byte:    ", sha256(data + b"!").hexdigest()[:16])

# %% [markdown]
# ## 📝 Exercise 03-2: what is still to do?
#
# - **Goal:** write the rule that lets an interrupted run continue, and never gives out an old vector.
# - **Given:** `files`, a dictionary from each picture's key to its fingerprint now; `cached`, the same for the pictures
#   whose vectors are kept, with the fingerprint from *then*.
# - **Wanted:** a function that returns a list of the keys to compute.


# %% tags=["exercise"]
def my_to_do(files, cached):
    """Return the keys whose vectors have to be computed (list)."""


check("03-2", my_to_do)

# %% [markdown]
# zapsim follows the same rule. Its `cache` is a folder, also called a *feature store*. We take 96 pictures and press
# *stop* after 70. The extractor is now the usual one. It computes in 8 bits (`int8`), by a small
# program called LiteRT. You see at the end what that costs.

# %%
many = readable_sample(catalogue, n_sample, seed=42)
folder = cache or tempfile.mkdtemp() + "/features"
extractor = zapsim.VGG16Extractor()
try:
    extractor.extract(interrupted(many, after=len(many) * 70 // 96), cache=folder)
except KeyboardInterrupt:
    print("Interrupted!")

# %% [markdown]
# Run it again. Only the rest is computed.

# %%
features = extractor.extract(many, cache=folder)
features.shape

# %% [markdown]
# It found 64 pictures, two whole batches of 32. A third run computes nothing:

# %%
again = extractor.extract(many, cache=folder)
print("the same vectors:", again.equals(features))

# %% [markdown]
# On Colab, put the folder on your Drive, and a new machine continues there. Ask for another cut with the same folder,
# and zapsim refuses: vectors of two cuts cannot be compared.
#
# One bad file must not stop a long run. Here is a folder with seven pictures, and a letter that is called `.jpg`:

# %%
shop = Path(tempfile.mkdtemp())
(shop / "letter.jpg").write_text("Dear customer, …", encoding="utf-8")
for number, key in enumerate(sample.keys[:7]):
    (shop / f"photo {number}.jpg").write_bytes(sample.read(key))
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    print(len(extractor.extract(zapsim.load_catalogue(shop))), "vectors")
print(said[-1].message)

# %% [markdown]
# Seven vectors, and the letter is named.

# %% [markdown]
# ## Where to cut
# To choose a cut, we need a measure. Take each shoe's five nearest pictures, without its own colourways. The share of
# them that are of its own subcategory, averaged over all shoes, is [precision at 5](glossary.md#precisionk). In 07
# you compute it by hand. To be quick, we take 300 pictures at 64×64 pixels.
#
# What do you expect: is the deepest cut best? Is the longest vector?

# %%
judged = fitting(catalogue, classes=kind_of(catalogue), n=6)
some = readable_sample(judged, 300, seed=42)
# Of MiniZap these are the columns SubCategory and Product.
labels, products = labels_of(some, kind_of(some)[-1:]), some.table.get("Product")
# Says so if the pictures are your own.
whose(some)

# %% tags=["nbval-ignore-output"]
cuts = [("block2_pool", "flat"), ("block3_pool", 2), ("block4_pool", 2), ("block5_pool", 2)]
try_cuts(some, labels, products, cuts).round(2)

# %% [markdown]
# *flat* keeps all numbers of the maps, without averages. These 32,768 numbers of block 2 do worse than the 1,024 of
# block 3. Block 4 is best, and block 5 falls behind: it is already close to the verdict. `cost_so_far` is the share of
# VGG16's arithmetic up to this cut. The last layers, which say the name, do the rest.

# %% tags=["question"]
question("03-b")

# %% [markdown]
# ## Mistakes that raise no error
# In 02 you prepared a picture as VGG16 was trained: blue first, without the means. What if you forget? We prepare
# our 24 pictures wrongly, and compare each vector with the right one of the *same* picture. 1 would be the same
# direction.

# %%
rgb = np.float32([extractor.square(picture) for picture in pictures])
means = np.float32([103.939, 116.779, 123.68])  # of blue, green, red
wrong = {
    "red and blue exchanged": rgb - means,
    "means not taken away": rgb[..., ::-1],
    "scaled to [0, 1]": rgb[..., ::-1] / 255,
}
for name, prepared in wrong.items():
    scores = cosine_similarity(vectors_of(prepared), by_hand).diagonal()
    print(f"{name:24}{scores.mean():.2f}")

# %% [markdown]
# No error, and vectors that look like any others. This is what a network that wants blue first is shown, if you forget:

# %% alt="The same lace-up boot twice. On the left it is dark red, on the right, with red and blue exchanged, dark blue."
figure, (left, right) = plt.subplots(1, 2, figsize=(5, 2.7))
left.imshow(pictures[0])
left.set_title("as it is")
right.imshow(pictures[0][..., ::-1])
right.set_title("red and blue exchanged")
for axes in (left, right):
    axes.axis("off")

# %% [markdown]
# Does it cost precision? Look at the column *both* first: catalogue and queries were prepared with the same mistake. In
# *query only*, the catalogue was prepared rightly.

# %% tags=["nbval-ignore-output"]
try_preprocessing(some, labels, products).round(2)

# %% [markdown]
# If both are wrong, you hardly lose anything. That is the danger: you don't notice it. Later another program prepares a
# customer's photo in another way, and three to five in a hundred neighbours are lost. So zapsim has only one path from a
# file to the network.

# %% [markdown]
# ## 📝 Exercise 03-3: mend it
#
# - **Goal:** find another mistake that raises no error. Think of a picture in the middle that cannot be read.
# - **Given:** `their_vectors` below. `read(key)` returns a picture, or None if it cannot be read; `vector_of(picture)`
#   returns a vector.
# - **Wanted:** `my_vectors`, mended: a dictionary from the key of each readable picture to its own vector.


# %%
def their_vectors(keys, read, vector_of):
    vectors = []
    for key in keys:
        picture = read(key)
        if picture is not None:
            vectors.append(vector_of(picture))
    return dict(zip(keys, vectors, strict=False))


# %% tags=["exercise"]
def my_vectors(keys, read, vector_of):
    """Return the vectors of the pictures that can be read (dict by key)."""


check("03-3", my_vectors)

# %% tags=["question"]
question("03-c")

# %% [markdown]
# ## Shorter numbers
# By default, `VGG16Extractor()` computes in 8 bits: with whole numbers from −128 to 127 instead of fractions of 32 bits.
# This is called [quantisation](glossary.md#quantisation). By hand it takes a step and a rounding. Here are five
# weights of the network:

# %%
weights = vgg.get_layer("block1_conv1").kernel.numpy().ravel()
step = np.abs(weights).max() / 127
whole = np.round(weights / step).astype(np.int8)
print("weights:        ", weights[:5].round(4))
print("whole numbers:  ", whole[:5])
print("times the step: ", (whole[:5] * step).round(4))

# %% [markdown]
# Each is off by half a step at most. Do the vectors suffer? We extract the 300 pictures both ways, and compare each
# picture's two vectors.

# %% tags=["nbval-ignore-output"]
both = {}
for precision in ("float32", "int8"):
    small = zapsim.VGG16Extractor(image_size=64, precision=precision)
    both[precision] = small.extract(some)

scores = cosine_similarity(*both.values()).diagonal()
print(f"lowest score of a picture with itself: {scores.min():.3f}")
precisions(both, labels, products).round(2)

# %% [markdown]
# The vectors are nearly the same, and so is precision at 5. It is the 0.75 that `block4_pool` had above: the same
# pictures, the same size. On two cores with instructions for 8-bit numbers the network runs about eight times as
# fast. And it needs no TensorFlow.

# %% tags=["question"]
question("03-d")

# %% [markdown]
# ## You can now
# You can turn any folder of pictures into vectors, keep them, and defend where you cut. Run the next cell to see which
# goals you have practised.

# %%
goals("03")

# %% [markdown]
# **Next:** in [04](04_measure_similarity.ipynb) the vectors are compared. What does it mean that two of them are similar?
