# %% [markdown]
# # 02 · Open the network
#
# A [network](glossary.md#network) that sees is a pile of small filters. A pencil can compute each of them. You open VGG16, a famous
# network, and cut it before its verdict.
#
# **You will build** a feature vector in plain Keras: the same one that zapsim computes.
#
# {goals}
#
# 🕐 35 minutes (1 running, 19 reading, 15 practice) · **You need** [01](01_meet_the_catalogue.ipynb), and
# later [Keras](glossary.md#keras), a library for networks. If it is missing, run `pip install "zapsim[keras]"`. Python 3.14 has none yet.
# (Red remarks do no harm.)

# %%
import numpy as np
from PIL import Image, ImageOps

import zapsim
from zapsim.course import check, goals, hint, question, solution
from zapsim.course.lessons.network import plot_feature_maps, plot_kernels, plot_numbers, plot_vgg16
from zapsim.course.own_pictures import readable_sample, whose

# %% tags=["parameters"]
source = None

# %%
catalogue = zapsim.load_catalogue(source)
boot = catalogue.picture(readable_sample(catalogue, 1, seed=12).keys[0])
# Says so if the pictures are your own.
whose(catalogue)

# %% [markdown]
# ## A filter, with a pencil
# Here is a patch of a grey picture, 5×5 pixels: 0 is black, 9 is bright. Beside it is a
# [kernel](glossary.md#kernel), nine numbers.

# %% alt="Three tables of numbers. Patch: two columns of 0, three of 9. Kernel: columns of −1, 0 and 1. Result, 3×3: two columns of 27, where the patch changes from dark to bright, and one of 0."
patch = np.array([[0, 0, 9, 9, 9]] * 5)
kernel = np.array([[-1, 0, 1]] * 3)
result = np.array([[27, 27, 0]] * 3)
plot_numbers({"a patch": patch, "a kernel": kernel, "what comes out": result})

# %% [markdown]
# Lay the kernel on the upper left 3×3 pixels. Multiply the numbers that lie on each other, and add up the
# nine products. Each row gives −1 × 0 + 0 × 0 + 1 × 9 = 9, so three rows give **27**. Move one column to the
# right: 27 again. Once more: −9 + 9 = **0**, three times. That is a [convolution](glossary.md#convolution).
#
# Large numbers stand where it gets brighter from left to right. So this kernel finds one kind of edge.

# %% [markdown]
# ## 📝 Exercise 02-1: your pencil
#
# - **Goal:** compute one row of a convolution.
# - **Given:** the same kernel, and a patch whose five rows are all `9 9 1 1 9`.
# - **Wanted:** `my_row`, a list: the three numbers of one row of the result.

# %% tags=["exercise"]
my_row = ...

check("02-1", my_row)

# %% [markdown]
# ## The same on a boot
# This is the whole convolution in plain NumPy.


# %%
def slide(picture, kernel):
    """Return what a 3×3 kernel finds in a picture (height, width), at each place."""
    height, width = picture.shape
    found = np.zeros((height - 2, width - 2))
    for row in range(height - 2):
        for column in range(width - 2):
            window = picture[row : row + 3, column : column + 3]
            found[row, column] = (window * kernel).sum()
    return found


# %% [markdown]
# The result is a [map](glossary.md#map): it says *where* the kernel found its pattern. In the middle picture
# purple is positive, orange is negative.

# %% alt="A grey boot; its map, with purple lines at the boot's right edges and orange lines at its left ones; the map after ReLU, with only the right edges, white on black."
grey = Image.fromarray(boot).convert("L")
grey.thumbnail((136, 136))
edges = slide(np.array(grey), kernel)
positive = np.maximum(edges, 0)
drawn = {"its map: left and right edges": edges, "after ReLU: right edges": positive}
plot_numbers({"a boot in grey": np.array(grey)} | drawn)

# %% [markdown]
# On its right side the boot ends and white begins: brighter, so purple. A [ReLU](glossary.md#relu) sets
# negative numbers to 0: only right edges are left. It follows each of VGG16's convolutions. **So no feature is
# ever negative.**
#
# A [pool](glossary.md#pool) makes maps smaller: of each 2×2 cells it keeps the largest number. Where exactly
# an edge lies matters little.

# %% [markdown]
# ## 📝 Exercise 02-2: a pool
#
# - **Goal:** write what a pool does.
# - **Given:** `values`, an array (height, width), both even, such as `[[1, 5], [3, 4]]`.
# - **Wanted:** `my_pool(values)`, the largest number of each 2×2 cell. Here that is `[[5]]`.


# %% tags=["exercise"]
def my_pool(values):
    """Return the largest number of each 2×2 cell (array of half the height and width)."""


check("02-2", my_pool)

# %% [markdown]
# ## VGG16, drawn
# A [layer](glossary.md#layer) is one such step: blue is a convolution, orange a pool. A box is as high as its
# maps, and more maps make it wider.

# %% alt="VGG16 as a row of boxes. Block 1 has 64 maps of 128×128, block 4 has 512 of 16×16, pooled to 8×8. A dashed line marks the cut after block4_pool; block 5 and the verdict behind it are grey."
plot_vgg16()

# %% [markdown]
# The first layer has 64 kernels, so it makes 64 maps. A map is also called a
# [channel](glossary.md#channel). The picture has three: red, green and blue. The second layer's
# kernels look at all 64 maps at once.
#
# *Sees 44×44* means: one number depends on 44×44 pixels. Early layers can find only edges, late ones a whole
# buckle.

# %% tags=["question"]
question("02-a")

# %% [markdown]
# ## Where the numbers come from
# The numbers in the kernels are the network's [weights](glossary.md#weight). They begin as random numbers. In
# [training](glossary.md#training) the network sees a photo and says one of 1,000 names. Then each weight
# changes a little, so that the right name gets more likely. VGG16 saw the 1.3 million photos of [ImageNet](glossary.md#imagenet), many times.
#
# zapsim ships the result as a file. (With `weights="imagenet"` Keras would download it.) `include_top=False` leaves
# out the layers that say the name.

# %%
import keras
from keras.applications.vgg16 import preprocess_input

# %%
size = {"include_top": False, "input_shape": (128, 128, 3)}
vgg = keras.applications.VGG16(weights=zapsim.VGG16_WEIGHTS, **size)
print(f"{vgg.count_params():,} weights")

# %% [markdown]
# What did training change in twelve of the first kernels?

# %% alt="Two rows of twelve tiny pictures. Before training they are random coloured pixels. After it, some have a bright and a dark side, and others have one even colour, such as blue or pink."
keras.utils.set_random_seed(0)
untrained = keras.applications.VGG16(weights=None, **size)
first = [model.get_layer("block1_conv1").get_weights()[0] for model in (untrained, vgg)]
plot_kernels({"before training": first[0], "after": first[1]})

# %% [markdown]
# Now most are *bright on one side, dark on the other*, or *one colour*. Nobody asked for that. It helps to
# tell photos apart.

# %% tags=["question"]
question("02-b")

# %% [markdown]
# ## A picture as VGG16 wants it
# Here VGG16 takes squares of 128×128. A tall boot shall stay tall. So we scale its longer side to 128, and fill
# up with white. MiniZap's pictures are squares already, so we try the middle of one, framed.


# %%
def on_white(picture, size=128):
    """Return a picture (height, width, 3) in the middle of a white square."""
    image = Image.fromarray(picture)
    scale = size / max(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.Resampling.BILINEAR)
    square = Image.new("RGB", (size, size), "white")
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return np.asarray(square)


# %% alt="The middle of a boot's picture, cut off at both sides, stands in a white square. A grey line frames it, and the boot is not stretched."
width = boot.shape[1]
middle = boot[:, width // 4 : width * 3 // 4]
ImageOps.expand(Image.fromarray(on_white(middle)), border=1, fill="grey")

# %% [markdown]
# Two more things must be as in training. The channels come as **blue-green-red**, because the program that read
# the photos then did so. And the photos' mean is taken away: 103.939 of blue, 116.779 of green, 123.68 of red.
# Here is what one red pixel, (255, 0, 0), becomes:

# %%
preprocess_input(np.array([255, 0, 0])).round(1)

# %% [markdown]
# Blue is first now, and 0 − 103.9 = −103.9. Red is last: 255 − 123.7 = 131.3.

# %% [markdown]
# ## 📝 Exercise 02-3: mend it
#
# - **Goal:** do by hand what `preprocess_input` does.
# - **Given:** a colleague's line, which runs, and is wrong:
#   `return (rgb - [103.939, 116.779, 123.68])[..., ::-1]`
# - **Wanted:** `my_preprocess(rgb)`, mended. `rgb` is an array (height, width, 3).


# %% tags=["exercise"]
def my_preprocess(rgb):
    """Return a picture (height, width, 3) in blue-green-red, less the means."""


check("02-3", my_preprocess)

# %% tags=["question"]
question("02-c")

# %% [markdown]
# ## One of VGG16's own kernels
# Now slide VGG16's kernel 58 over the boot. It has 3×3 weights for each of three channels, so we slide three
# times and add. One more number is added, the *bias*, and the ReLU follows.

# %%
# [None] makes a batch of one picture.
ready = preprocess_input(on_white(boot))[None]
weights, bias = vgg.get_layer("block1_conv1").get_weights()
found = sum(slide(ready[0, :, :, c], weights[:, :, c, 58]) for c in range(3))
found = np.maximum(found + bias[58], 0)

# %% alt="Two nearly equal maps of the boot, white lines on black: both show its right edges, the slope under the arch and the back of shaft and heel. The right one is VGG16's."
plot_numbers({"our kernel": positive, "VGG16's kernel 58": found})

# %% [markdown]
# VGG16 learned nearly our edge kernel. Does Keras compute the same map? `get_layer` finds a layer by its name, and
# `keras.Model(input, output)` makes a network that ends there.

# %%
block1 = keras.Model(vgg.input, vgg.get_layer("block1_conv1").output)
keras_map = np.array(block1(ready))[0, :, :, 58]
# Keras puts zeros around the picture, so its map has one more pixel on each side.
print(np.allclose(found, keras_map[1:-1, 1:-1], atol=0.1))

# %% [markdown]
# ## What deeper layers find
# Each row shows a layer's six maps that vary most; bright is strong.

# %% alt="Thirty maps of a boot. Block 1: flat areas and lower contours. Block 2: contours of one direction. Block 3: blurred pieces of outline. block4_pool: single places such as toe and shaft. block5_pool: 4×4 coarse cells."
names = ["block1_conv2", "block2_conv2", "block3_conv3", "block4_pool", "block5_pool"]
look = keras.Model(vgg.input, [vgg.get_layer(name).output for name in names])
maps = {name: np.array(each[0]) for name, each in zip(names, look(ready), strict=True)}
plot_feature_maps(maps, n=6)

# %% [markdown]
# Block 2 finds contours: channel 94 has the upright back of shaft and heel. `block4_pool` finds single places:
# channel 62 has the shaft. Of `block5_pool` only 4×4 cells are left. The deeper, the more of *what* and the less
# of *where*.

# %% [markdown]
# ## The cut
# What comes out at `block4_pool`?

# %%
cut = keras.Model(vgg.input, vgg.get_layer("block4_pool").output)
maps = np.array(cut(ready))[0]
print(maps.shape, "smallest number:", maps.min())

# %% tags=["question"]
question("02-d")

# %% [markdown]
# Of each map we keep the mean of its four quarters: 2 × 2 × 512 = 2,048 numbers, the
# [feature vector](glossary.md#feature-vector). It still says *upper left* or *lower right*. Last comes the square
# root, `power=0.5` in zapsim: 4 becomes 2, 400 becomes 20. So a few strong features do not outweigh all others.


# %%
def vector_of(picture):
    """Return a picture's feature vector (2048,)."""
    ready = preprocess_input(on_white(picture))[None]
    maps = np.array(cut(ready))[0]
    means = maps.reshape(2, 4, 2, 4, 512).mean(axis=(1, 3))
    return np.sqrt(means.ravel())


# %% [markdown]
# The same by zapsim, in 32 bits. Do the two agree?

# %%
extractor = zapsim.VGG16Extractor(precision="float32")
# It rounds its results to 16 bits: each number changes by less than 0.0005 of it.
for picture in (boot, middle):
    mine, theirs = vector_of(picture), extractor.extract(picture)
    print(mine.shape, np.allclose(mine, theirs, rtol=0.0005, atol=1e-6))

# %% [markdown]
# You have built what `VGG16Extractor` does.
#
# ## Why in the middle?
# The last layer chooses one of 1,000 names: *cowboy boot*, *Loafer*, *sandal*. The nearer to it, the more
# counts what all sandals share, and the less what makes *this* sandal special. Before block 4 there are only
# small patterns, and every shoe has those. So we expect the middle to be best. In 03 you measure it.

# %% tags=["question"]
question("02-e")

# %% [markdown]
# ## 📝 Exercise 02-4: cut somewhere else (the larger one)
#
# - **Goal:** predict what another cut changes, then measure it.
# - **Given:** `vgg`, `ready`, and the drawing. First predict, for a cut at `block3_pool`: the side of a map, the
#   number of maps, the number of features.
# - **Wanted:** `my_prediction`, a list of these three numbers, and `my_vector(layer)`, the boot's vector for any
#   pool from `block1_pool` to `block5_pool`: 2×2 means, then the root, in the order of `vector_of`.


# %% tags=["exercise"]
my_prediction = ...


def my_vector(layer):
    """Return the boot's vector, cut at a layer: 2×2 means of its maps, then roots."""


check("02-4", my_vector, my_prediction, vgg, ready)

# %% [markdown]
# ## You can now
# You know what each number of a feature vector is: how strongly one learned pattern was found in one quarter of the
# picture.

# %%
goals("02")

# %% [markdown]
# **Next:** in [03](03_extract_features.ipynb) a whole catalogue goes through it.
