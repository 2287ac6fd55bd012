"""How the course's figures look.

Colours are Okabe and Ito's or viridis, which readers with any colour vision can tell apart.
"""

from zapsim.draw.plots import finished

__all__ = ["COLOURS", "SLANTED", "tidy"]

SLANTED = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"]


def tidy(figure, axes=None):
    """Lay a Figure out, take away the frame's upper right of its axes if given, and return it."""
    if axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return finished(figure)
