# %% [markdown]
# # 03 · Extract features
#
# A network that was trained to recognise things has had to learn to see: edges first, then
# textures, then parts. We borrow its eyes and leave its verdict. The idea to do so with VGG16 and
# shoes comes from an article that this course grew from: Akis Loumpourdis, "You may also like… How to
# use convolutional neural networks", HackerNoon, 2021. We call it *the article*.
#
# **You will build** feature vectors, cut where *you* decide.
#
# **By the end you can**
#
# - say what VGG16's layers react to, and what each of them costs,
# - cut the network at any layer, the article's own cut included, and say why ours is elsewhere, and faster,
# - turn maps into a vector with a grid of averages, and keep it where it survives,
# - spot the three classic mistakes of feeding pictures to a network.
#
# 🕐 25 minutes · **You need** [01](01_meet_the_catalogue.ipynb).

# %%
import zapsim
from zapsim.course.lessons import (
    feature_maps,
    interrupted,
    layer_costs,
    plot_feature_maps,
    plot_layer_costs,
    preprocessing_variants,
    try_cuts,
    try_preprocessing,
)
from zapsim.course.own_pictures import fitting, kind_of, labels_of, readable_sample, whose
from zapsim.draw.plots import plot_pictures

# %% tags=["parameters"]
source = None
n_sample = 96
image_size = 128
store = None
# The article's run: its pictures on your Drive, 5,000 of them, and vectors that survive the machine.
# source = zapsim.stage("/content/drive/MyDrive/Data/Zappos/ut-zap50k-images-square")
# n_sample, store = 5000, "/content/drive/MyDrive/Data/zapsim-features"

# %%
catalogue = zapsim.load_catalogue(source)
sample = catalogue.sample(min(n_sample, len(catalogue)), seed=42)
shoe_key = readable_sample(catalogue, 1, seed=12).keys[0]
shoe = catalogue.picture(shoe_key)

# %% [markdown]
# ## Thirteen layers that look, three that judge
# VGG16 is a chain. A *convolution* slides small filters over the picture; each filter gives a *map*
# that is bright where its pattern is, and a map is also called a *channel*. A *pool* halves their
# height and width. At the end, *fully connected* layers (`fc1`, `fc2`: every number goes into every
# sum) and a classifier turn maps into a verdict. The filters' numbers are the network's *parameters*, or
# *weights*; they were found by training on ImageNet, a million labelled photos.
#
# The table is arithmetic, not measurement: a *multiply-add* is one product that is added to a sum,
# and `cost_so_far` the share of all of VGG16's that is done when this layer is.

# %%
layer_costs(image_size).loc[
    ["block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3", "fc2"]
].round(2)

# %% [markdown]
# ## What the layers see
# A boot with a heel and a strap, on its way through the network. Each row shows, for one layer, the
# seven maps that vary most over the picture; bright is a strong reaction. Block 1 has flat areas and
# contours. In blocks 2 and 3, look for contours of *one direction*, such as everything that lies
# flat. In blocks 4 and 5 single *places* light up: toe, strap, sole, top of the shaft, and in the last
# row the heel. (Some maps react to the border of the picture or to the white around the boot; they
# say little about it.) The deeper, the more of *what* and the less of *where*.

# %%
whose(catalogue)
catalogue.subset([shoe_key]).plot()

# %%
deep = zapsim.VGG16Extractor("block5_pool", grid="flat", image_size=image_size)
layers = ["block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3"]
plot_feature_maps(feature_maps(deep, shoe, layers))

# %% [markdown]
# ## Where to cut
# The last layers know what VGG16 was trained for: a thousand classes, in which there is *Loafer*, but
# nothing for a stiletto. The first layers know edges, and every shoe has edges. So somewhere in
# the middle it must be best. Where? *Precision at 5* is the share of an item's five neighbours
# that are of its own subcategory (its other colourways left out). To be quick: 300 shoes, at
# 64×64 pixels.

# %%
some = readable_sample(catalogue, 300, seed=42)
some = readable_sample(fitting(some, classes=kind_of(some), n=6), 300, seed=42)
labels, products = labels_of(some, kind_of(some)[-1:]), some.table.get("Product")
whose(some)

# %% tags=["nbval-ignore-output"]
try_cuts(some, labels, products, image_size=64).round(2)

# %% [markdown]
# It rises up to block 4, and falls again: block 5 is already on its way to a verdict. The later you
# cut, the more you pay, too. The grey layers are those that a cut after block 4 saves.

# %%
plot_layer_costs(image_size, cut="block4_pool")

# %% [markdown]
# The arithmetic of a convolution grows with the picture's area, so smaller pictures save
# even more than an earlier cut. This is the default's share of what the article computes (all of
# VGG16 at 224×224):

# %%
article = layer_costs(224)["million_multiply_adds"].sum()
ours = layer_costs(128)["million_multiply_adds"][:"block4_pool"].sum()
print(f"{ours:,.0f} instead of {article:,.0f} million multiply-adds: {ours / article:.0%}")

# %% [markdown]
# ## Why it is fast, and what would make it faster
# Arithmetic is one thing, a clock another. From picture files to stored features, in processor time, on two cores
# with instructions for 8-bit numbers (`python -m benchmarks.extraction`; the last column on 1,500 real photos of
# three kinds of shoes):
#
# | | times as fast | class precision at 5 |
# |---|---|---|
# | the article: `fc2`, 224×224 | 1 | |
# | `block4_pool`, 2×2 grid, 128×128, in 32 bits | 3.5 | 0.957 |
# | **the same in 8 bits** | **12** | **0.958** |
# | 8 bits, 96×96 | 21 | 0.953 |
# | 8 bits, 96×96, white margins cut off | 21 | 0.957 |
# | 8 bits, 80×80, 3×3 grid, white margins cut off | 28 | 0.952 |
#
# More than nine tenths of that time is the network; to read, decode, scale and store a small picture takes less than a
# millisecond. So there is only one way to be faster: less to do. That is **fewer layers**, **fewer pixels**, or
# **shorter numbers**. `VGG16Extractor()` computes with whole numbers of 8 bits, from −128 to 127, instead of fractions
# of 32: it rounds, and finds nearly the same neighbours. Such a network was made once, ships with zapsim, and runs
# without TensorFlow. Where there is a graphics card, TensorFlow computes on it in 16 bits. The line that
# `VGG16Extractor` prints says what was taken.

# %% [markdown]
# ## From maps to a vector
# After `block4_pool` there are 512 maps of 8×8 cells. To keep all 32,768 numbers would tie every
# blob to its place; one average over each whole map would forget all places. In between is a coarse
# grid: 2×2 averages of each map say *heel at the lower right*, and no more. That makes
# 512 × 2 × 2 = 2,048 *features*. (Last, the square root is taken of each, so that a few very strong
# maps don't drown the others.)

# %%
extractor = zapsim.VGG16Extractor("block4_pool", grid=2, image_size=image_size)

# %% [markdown]
# ## Results that survive
# Thousands of pictures take minutes or hours, and much can happen: you press stop, the laptop falls asleep,
# Colab takes its machine back. With `cache="some/folder"` the vectors are written while they are
# computed, a few hundred to a file. Let us press *stop* after 70 pictures. (Then what went through the network
# is still written, 64 of them: pictures go through it 32 at a time. If the machine dies without a warning, the
# last, unfinished file is lost, 512 pictures at most.)

# %%
import tempfile

cache = store or tempfile.mkdtemp() + "/features"
stopped = interrupted(sample, after=min(70, len(sample) * 3 // 4))
try:
    extractor.extract(stopped, cache=cache)
except KeyboardInterrupt:
    print("Interrupted!")

# %% [markdown]
# And run again. What was written is found, the bar starts there, and only the rest is computed. On Colab, put
# the folder on your Drive, and a *new* machine goes on after the last file. (Here it is a temporary one, so
# that this notebook leaves nothing behind.)

# %%
features = extractor.extract(sample, cache=cache)
features.shape

# %% [markdown]
# A third time, and nothing is computed at all:

# %%
again = extractor.extract(sample, cache=cache)
print("the same vectors:", again.equals(features))

# %% [markdown]
# ## The article's cut
# The article takes the network's last layer but one, `fc2`: 4,096 numbers, at 224×224. Here it is,
# as Keras sees it, with random weights (the trained ones are a download of 528 MB:
# `weights="imagenet"`). Look where its 134 million parameters are.

# %%
fc2 = zapsim.VGG16Extractor("fc2", image_size=224, weights=None, power=1)
print(f"{fc2.model.output.shape[1]:,} features, {fc2.model.count_params():,} parameters")
layer_costs(224)["parameters"].loc[["block4_conv3", "block5_conv3", "fc1", "fc2"]]

# %% [markdown]
# ## Three classic mistakes
# VGG16 was trained on pictures in the order blue-green-red, with each channel's mean taken away, and
# not scaled to [0, 1]. Nothing complains if you forget: vectors come out, neighbours come out.
# Are they worse? The same 300 shoes, measured in the same way:

# %%
whose(some)
variants = preprocessing_variants(some, image_size=64)

# %% tags=["nbval-ignore-output"]
try_preprocessing(variants, labels, products).round(2)

# %% [markdown]
# Look at the column *both* first: pictures and queries alike went through the mistake. It costs next to
# nothing, and that is the trap: you would never notice. Now *query only*: the catalogue was
# extracted properly, the query was not, as happens when two programs, or two libraries, read
# pictures. A few of a hundred neighbours are lost, and the scores no longer mean what they did. Here is
# one query, scaled to [0, 1] by mistake, in the right catalogue. Look at its first neighbour!

# %%
whose(some)
query = some.sample(1, seed=5).keys[0]
right = zapsim.SimilarityPredictor(some, variants["as VGG16 was trained"])
mistaken = right.similar_to(variants["scaled to [0, 1]"].loc[query].to_numpy(), k=6)
tiles = [
    (look, f"#{rank} {score:.3f}\n{name}")
    for rank, score, look, name in right.with_pictures(mistaken)
]
plot_pictures(tiles)

# %% [markdown]
# It's the very same picture, and its score is far from the 1 that an item has with itself. Done right,
# five *other* boots come closer than that:

# %%
right.plot(query, k=5)

# %% [markdown]
# zapsim therefore has a single path from file to network, for catalogue and query alike.

# %% [markdown]
# ## 📝 Exercise 1: how long is the vector?
#
# **Goal:** without running a network, say how many features `block3_pool` gives with a 4×4 grid on
# pictures of 160×160.
# **Given:** block 3 has 256 maps.
# **Wanted:** `my_n_features`, a whole number.
#
# *Hint:* one average for each cell of the grid, for each map. Does the picture's size matter?

# %% tags=["exercise"]
# stub: my_n_features = ...
my_n_features = 256 * 4 * 4

# %% tags=["check"]
from zapsim.course.exercise import check

check(
    my_n_features,
    zapsim.VGG16Extractor("block3_pool", grid=4, image_size=160).n_features,
    hint="how many cells has the grid, and how many maps are averaged in each?",
)

# %% [markdown]
# ## 📝 Exercise 2: average a map yourself
#
# **Goal:** compute the first map's 2×2 averages.
# **Given:** `one_map`, shape (8, 8): what `block4_pool`'s first map holds for our shoe.
# **Wanted:** `my_averages`, shape (2, 2): the mean of the upper left 4×4 cells, of the upper right
# ones, then the lower two.
#
# *Hint:* `one_map.reshape(2, 4, 2, 4)` has an axis for each: which row of the grid, which row in it,
# which column of the grid, which column in it. Over which two do you take the mean?

# %%
one_map = feature_maps(deep, shoe, ["block4_pool"])["block4_pool"][:, :, 0]

# %% tags=["exercise"]
# stub: my_averages = ...
my_averages = one_map.reshape(2, 4, 2, 4).mean(axis=(1, 3))

# %% tags=["check"]
check(
    my_averages,
    [
        [one_map[:4, :4].mean(), one_map[:4, 4:].mean()],
        [one_map[4:, :4].mean(), one_map[4:, 4:].mean()],
    ],
    hint="the result has shape (2, 2); its first number is the mean of one_map[:4, :4]",
)

# %% [markdown]
# ## You can now
#
# - ✅ say what VGG16's layers react to, and what each of them costs,
# - ✅ cut the network at any layer, the article's own cut included, and say why ours is elsewhere, and faster,
# - ✅ turn maps into a vector with a grid of averages, and keep it where it survives,
# - ✅ spot the three classic mistakes of feeding pictures to a network.
#
# **Next:** in 04 vectors are compared: what does it mean that two of them are similar?
