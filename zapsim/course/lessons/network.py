"""What goes on inside VGG16, drawn.

In: a picture, its maps, kernels, or an extractor. Out: arrays, and matplotlib Figures.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from zapsim.course.lessons.style import COLOURS, SLANTED, tidy
from zapsim.vgg16.engine import KerasEngine
from zapsim.vgg16.network import LAYERS, layer_costs, map_size, outputs_of, preprocessed

__all__ = [
    "feature_maps",
    "pixels_seen",
    "plot_feature_maps",
    "plot_kernels",
    "plot_layer_costs",
    "plot_numbers",
    "plot_vgg16",
]

_GREY = "#C8C8C8"


def plot_numbers(titled):
    """Draw arrays (height, width) side by side (dict of title to array).

    Without negative numbers: grey, 0 is black. With them: orange below 0, white 0, purple above.
    Small arrays have their numbers written in.
    """
    figure, grid = plt.subplots(1, len(titled), figsize=(3.1 * len(titled), 3.4), squeeze=False)
    for axes, (title, values) in zip(grid[0], titled.items(), strict=True):
        values = np.asarray(values, float)
        most = np.abs(values).max() or 1
        signed = values.min() < 0
        axes.imshow(values, "PuOr" if signed else "gray", vmin=-most if signed else 0, vmax=most)
        if max(values.shape) < 8:
            for (row, column), value in np.ndenumerate(values):
                dark = abs(value) > 0.6 * most if signed else value < 0.5 * most
                colour = "white" if dark else "black"
                place = {"ha": "center", "va": "center", "fontsize": 13}
                axes.text(column, row, f"{value:g}", color=colour, **place)
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=11)
    return tidy(figure)


def plot_kernels(titled, n=12):
    """Draw the first `n` kernels of layers that look at pictures (dict of title to weights).

    The weights are Keras', shape (3, 3, 3, kernels), for blue, green and red. Mid-grey is 0; what
    is brighter counts for, what is darker counts against.
    """
    figure, grid = plt.subplots(len(titled), n, figsize=(0.8 * n + 1, 1.1 * len(titled)))
    for row, (title, weights) in zip(grid, titled.items(), strict=True):
        for number, axes in enumerate(row):
            rgb = weights[:, :, ::-1, number]
            axes.imshow(0.5 + 0.5 * rgb / np.abs(rgb).max())
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=11)
    return tidy(figure)


def pixels_seen(layer):
    """Return the side of the square of pixels on which one number at a layer depends (int)."""
    seen, step = 1, 1
    for name in list(LAYERS)[: list(LAYERS).index(layer) + 1]:
        # A pool looks at 2×2 numbers, a convolution at 3×3, a pixel more on either side.
        seen += step * (1 if "pool" in name else 2)
        step *= 2 if "pool" in name else 1
    return seen


def plot_vgg16(image_size=128, cut="block4_pool"):
    """Draw VGG16's layers: as high as their maps, the wider the more maps; a cut saves the grey."""
    figure, axes = plt.subplots(figsize=(10, 4.6))
    place, middles = 0.0, {}
    rows = [("picture", 3, image_size)]
    rows += [(layer, LAYERS[layer][0], map_size(layer, image_size)) for layer in LAYERS]
    kept = True
    for layer, channels, side in [*rows, ("1,000 names", 1000, None)]:
        height, width = (side or image_size / 2) / image_size, 0.035 * channels**0.5
        width = width if side else 0.25
        pool = COLOURS[1] if "pool" in layer else COLOURS[0]
        colour = pool if kept else _GREY
        box = Rectangle((place, -height / 2), width, height, facecolor=colour, edgecolor="white")
        axes.add_patch(box)
        middles[layer] = place + width / 2
        place += width + 0.12
        if layer == cut:
            kept = False
            axes.axvline(place - 0.06, color="black", linestyle="--", linewidth=2)
            axes.text(place, 0.52, "the cut", fontsize=12, va="top")
    for block in range(1, 6):
        last = f"block{block}_pool"
        channels, side = LAYERS[last][0], map_size(last, image_size)
        seen = pixels_seen(last)
        words = f"{channels} maps\n{2 * side}×{2 * side}\nthen {side}×{side}\nsees {seen}×{seen}"
        middle = (middles[f"block{block}_conv1"] + middles[last]) / 2
        axes.text(middle, 0.78, words, ha="center", va="center", fontsize=10)
    axes.text(middles["fc2"], 0.78, "the\nverdict", ha="center", va="center", fontsize=10)
    axes.set(xlim=(-0.1, place), ylim=(-0.52, 0.95), yticks=[])
    axes.set_xticks(list(middles.values()), list(middles), fontsize=9, **SLANTED)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title("VGG16: maps get smaller and more, and a verdict ends it", fontsize=12)
    return tidy(figure, axes)


def plot_layer_costs(image_size=128, cut="block4_pool"):
    """Draw what each layer costs; the layers that a cut saves are grey."""
    costs = layer_costs(image_size)["million_multiply_adds"]
    kept = np.arange(len(costs)) <= costs.index.get_loc(cut)
    figure, axes = plt.subplots(figsize=(8, 2.8))
    axes.bar(costs.index, costs, color=np.where(kept, COLOURS[0], _GREY))
    axes.set(
        title=f"Cutting at {cut} keeps the blue layers ({image_size}×{image_size} pixels)",
        ylabel="million\nmultiply-adds a picture",
    )
    axes.set_xticks(range(len(costs)), costs.index, fontsize=8, **SLANTED)
    return tidy(figure, axes)


def feature_maps(extractor, picture, layers):
    """Return the maps (side, side, channels) of one picture by layer, float32.

    The extractor must be cut at or behind the last of the layers.
    """
    engine = KerasEngine(outputs_of(extractor.model, layers))
    maps = engine.outputs(preprocessed([extractor.square(picture)]))
    return {layer: values[0] for layer, values in zip(layers, maps, strict=True)}


def plot_feature_maps(maps, n=7):
    """Draw, for each layer, the `n` maps that vary most over the picture; bright is strong."""
    size = (1.25 * n + 1, 1.3 * len(maps))
    figure, grid = plt.subplots(len(maps), n, figsize=size, squeeze=False)
    for row, (layer, values) in zip(grid, maps.items(), strict=True):
        liveliest = np.argsort(values.std(axis=(0, 1)))[::-1][:n]
        for axes, channel in zip(row, liveliest, strict=True):
            axes.imshow(values[:, :, channel], cmap="magma")
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"channel {channel}", fontsize=9)
        side, _, channels = values.shape
        label = f"{layer}\n{channels} maps\nof {side}×{side}"
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=10)
    return tidy(figure)
