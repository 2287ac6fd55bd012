"""What goes on inside VGG16, drawn.

In: an extractor and a picture. Out: arrays, and matplotlib Figures.
"""

import matplotlib.pyplot as plt
import numpy as np

from zapsim.course.lessons.style import COLOURS, SLANTED, tidy
from zapsim.vgg16.engine import KerasEngine
from zapsim.vgg16.network import layer_costs, outputs_of, preprocessed

__all__ = ["feature_maps", "plot_feature_maps", "plot_layer_costs"]


def plot_layer_costs(image_size=128, cut="block4_pool"):
    """Draw what each layer costs; the layers that a cut saves are grey."""
    costs = layer_costs(image_size)["million_multiply_adds"]
    kept = np.arange(len(costs)) <= costs.index.get_loc(cut)
    figure, axes = plt.subplots(figsize=(8, 2.8))
    axes.bar(costs.index, costs, color=np.where(kept, COLOURS[0], "#C8C8C8"))
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
            axes.set_title(f"channel {channel}", fontsize=7)
        side, _, channels = values.shape
        label = f"{layer}\n{channels} maps\nof {side}×{side}"
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    return tidy(figure)
