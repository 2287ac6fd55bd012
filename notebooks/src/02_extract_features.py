# %% [markdown]
# # 02 · Extract features
#
# A network that was trained to recognise things has had to learn to see: edges first, then
# textures, then parts. We borrow its eyes and leave its verdict.
#
# **You will build** feature vectors, cut where *you* decide.
#
# **By the end you can**
#
# - say what VGG16's layers react to, and what each of them costs,
# - cut the network at any layer, the article's own cut included, and say why ours is elsewhere,
# - turn maps into a vector with a grid of averages,
# - spot the three classic mistakes of feeding pictures to a network.
#
# 🕐 25 minutes · **You need** [01](01_meet_the_catalogue.ipynb).

# %%
import numpy as np

import zapsim
from zapsim.lessons import (
    compare_preprocessing,
    feature_maps,
    layer_costs,
    plot_feature_maps,
    plot_layer_costs,
    preprocessing_variants,
)

# %% tags=["parameters"]
source = None
n_sample = 96
image_size = 128

# %%
catalogue = zapsim.load_catalogue(source)
sample = catalogue.sample(n_sample, seed=42)
shoe = catalogue.picture(catalogue.sample(1, seed=12).keys[0])

# %% [markdown]
# ## Thirteen layers that look, three that judge
# VGG16 is a chain. A *convolution* slides small filters over the picture; each filter gives a *map*
# that is bright where its pattern is. A *pool* halves the maps. At the end, fully connected layers
# (`fc1`, `fc2`) and a classifier turn maps into a verdict. The table is arithmetic, not measurement:
# a *multiply-add* is one product that is added to a sum.

# %%
layer_costs(image_size).loc[
    ["block1_pool", "block2_pool", "block3_pool", "block4_pool", "fc2"]
].round(2)

# %% [markdown]
# ## What the layers see
# A boot with a heel and a strap, on its way through the network. Each row shows, for one layer, the
# seven maps that vary most over the picture. Block 1 has flat areas and contours; blocks 2 and 3
# have contours of *one direction*, such as everything that lies flat; in blocks 4 and 5 single
# *parts* light up: the toe, the heel, the top of the shaft. The deeper, the more of *what* and
# the less of *where*.

# %%
deep = zapsim.VGG16Extractor("block5_pool", grid="flat", image_size=image_size)
layers = ["block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3"]
plot_feature_maps(feature_maps(deep, shoe, layers))

# %% [markdown]
# ## Where to cut
# The last layers know what VGG16 was trained for: a thousand classes, in which *Loafer* is one and
# a stiletto is nothing but a shoe. For "looks like", the middle is better. The later you cut, the
# more you pay; the grey layers are those that a cut after block 4 saves.

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
# ## From maps to a vector
# After `block4_pool` there are 512 maps of 8×8 cells. To keep all 32,768 numbers would fix every
# blob to its place; one average over each whole map would forget all places. In between is a coarse
# grid: 2×2 averages of each map say *heel at the lower right*, and no more. That makes
# 512 × 2 × 2 = 2,048 *features*. (Last, the root is taken of each, so that a few very strong maps
# don't drown the others.)

# %%
extractor = zapsim.VGG16Extractor("block4_pool", grid=2, image_size=image_size)
features = extractor.extract(sample)
features.shape

# %% [markdown]
# The bar counted what was computed. With `cache="some/folder"` the vectors are kept, and a second run
# computes only what is new. Here half of the sample is extracted, then all of it: the first
# half is found, and the bar starts in the middle.

# %%
import tempfile

store = tempfile.mkdtemp() + "/features"
half = sample.subset(sample.keys[: n_sample // 2])
extractor.extract(half, cache=store)
again = extractor.extract(sample, cache=store)
print("the same vectors:", np.allclose(again, features, rtol=0.01))

# %% [markdown]
# ## The article's cut
# The article that this course grew from takes the network's last layer but one, `fc2`: 4,096
# numbers, at 224×224. Here it is, as Keras sees it, with random weights (the trained ones are
# a download of 528 MB: `weights="imagenet"`). Look where its 134 million parameters are.

# %%
fc2 = zapsim.VGG16Extractor("fc2", image_size=224, weights=None, power=1)
print(f"{fc2.model.output.shape[1]:,} features, {fc2.model.count_params():,} parameters")
layer_costs(224)["parameters"].loc[["block4_conv3", "block5_conv3", "fc1", "fc2"]]

# %% [markdown]
# ## Three classic mistakes
# VGG16 was trained on pictures in the order blue-green-red, with each channel's mean taken away, and
# not scaled to [0, 1]. Nothing complains if you forget: vectors come out, neighbours come out.
# Are they worse? *Precision at 5* is the share of an item's five neighbours that are of its own
# subcategory (its other colourways left out). To be quick: 300 shoes, at 64×64 pixels.

# %%
some = catalogue.sample(300, seed=42)
variants = preprocessing_variants(some, image_size=64)

# %% tags=["nbval-ignore-output"]
compare_preprocessing(variants, some.table).round(2)

# %% [markdown]
# Look at the column *both* first: pictures and queries alike went through the mistake. It costs
# little, and that is the trap: you would never notice. Now *query only*: the catalogue was extracted
# properly, the query was not, as happens when two programs, or two libraries, read pictures.
# The vectors no longer live in the same space. zapsim therefore has a single path from file to
# network, for catalogue and query alike. One query, mistaken on both sides and then right:

# %%
query = some.sample(1, seed=5).keys[0]
wrong = zapsim.SimilarityPredictor(some, variants["scaled to [0, 1]"])
wrong.plot(query, k=5, hide_colourways=True)

# %%
right = zapsim.SimilarityPredictor(some, variants["as VGG16 was trained"])
right.plot(query, k=5, hide_colourways=True)

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

# %%
from zapsim.exercise import check

check(
    my_n_features,
    zapsim.VGG16Extractor("block3_pool", grid=4, image_size=160).n_features,
    hint="maps × rows of the grid × columns of the grid",
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

# %%
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
# - ✅ cut the network at any layer, the article's own cut included, and say why ours is elsewhere,
# - ✅ turn maps into a vector with a grid of averages,
# - ✅ spot the three classic mistakes of feeding pictures to a network.
#
# **Next:** in 03 vectors are compared: what does it mean that two of them are similar?
