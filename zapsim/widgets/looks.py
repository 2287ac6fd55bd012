"""Say how browser, mixer and quiz look: their CSS, and how widgets stand beside each other.

In: widgets. Out: boxes of them, and a style sheet that counts inside ``.zapsim`` only. The edge
rule: what comes and goes has its room reserved, so that nothing below it moves; what is cut off has
its whole text in a tooltip.
"""

import os

import ipywidgets as widgets

__all__ = ["CARD", "STYLE", "UPLOAD_MB", "grid", "row", "wide"]

CARD = 136
# JupyterLab's server takes no larger message, and nobody is told: neither the page nor Python. A
# server that takes more says so here.
UPLOAD_MB = int(os.environ.get("ZAPSIM_UPLOAD_MB") or 10)

# A card's first button covers the whole card, so that a click on the picture is a click on the
# button. Words of other buttons are there for screen readers, and a sign is drawn over them; a
# FileUpload shows how many files it holds, which would always read "(0)", and gets words instead.
# The arrow that ipywidgets gives a select is black on dark themes, too; the web browser's is not.
# Many cards scroll in a box of their own: once few take their place, the page must not end above
# where a person reads.
STYLE = """<style>
.zapsim { container-type: inline-size; width: 100%; max-width: 1200px; }
.zapsim.widget-container, .zapsim .widget-container { overflow: visible; }
.zapsim-filter { flex-direction: column; align-items: stretch; height: auto; margin: 0; }
.zapsim-filter > .widget-label { width: auto; text-align: left; line-height: 18px; height: 18px;
  font-size: 12px; }
.zapsim-filter > select { width: 100%; height: 26px; flex: none; appearance: auto;
  background-image: none; padding: 0 4px; }
.zapsim .widget-label-basic { display: flex; align-items: center; gap: 6px; }
.zapsim-upload { font-size: 0; }
.zapsim-upload i { font-size: 13px; }
.zapsim-upload::after { content: "Search with my picture\\A up to 10 MB"; font-size: 11px;
  content: "Search with my picture\\A up to 10 MB" / ""; line-height: 13px; text-align: left;
  display: inline-block; vertical-align: middle; margin-left: 6px; white-space: pre; }
.zapsim-load::after { content: "Load favourites\\A up to 10 MB";
  content: "Load favourites\\A up to 10 MB" / ""; }
.zapsim .zapsim-status { height: 38px; overflow: hidden auto; margin: 0 2px; flex: none; }
.zapsim .widget-box:not(.widget-vbox) > .zapsim-status { flex: 1 1 300px; }
.zapsim .zapsim-chips { overflow: auto hidden; flex: 1 1 260px; height: 32px; min-width: 0; }
.zapsim-chips button { flex: none; max-width: 150px; height: 26px; line-height: 24px;
  border-radius: 13px; border: 1px solid rgba(128, 128, 128, 0.6); }
.zapsim .zapsim-cards { max-height: max(520px, 75vh); overflow: hidden auto; padding: 1px; }
.zapsim-card { position: relative; border: 1px solid rgba(128, 128, 128, 0.4);
  border-radius: 8px; padding: 4px 6px; }
.zapsim-card:hover { border-color: #0072B2; box-shadow: 0 0 0 1px #0072B2; }
.zapsim-card:has(:focus-visible) { outline: 3px solid #0072B2; }
.zapsim-card > button:nth-of-type(1) { position: static; width: 100%; margin: 0; height: 24px;
  line-height: 24px; }
.zapsim-card > button:nth-of-type(1)::after { content: ""; position: absolute; inset: 0;
  cursor: pointer; }
.zapsim-card > button:nth-of-type(n+2) { position: absolute; top: 138px; width: 24px; height: 24px;
  margin: 0; padding: 0; z-index: 1; font-size: 0; border-radius: 12px; }
.zapsim-card > button:nth-of-type(2) { right: 54px; }
.zapsim-card > button:nth-of-type(3) { right: 30px; }
.zapsim-card > button:nth-of-type(4) { right: 6px; }
.zapsim-card > button:nth-of-type(n+2)::after { font: 15px/24px sans-serif; }
.zapsim-card > button:nth-of-type(2)::after { content: "+"; content: "+" / ""; }
.zapsim-card > button:nth-of-type(3)::after { content: "−"; content: "−" / ""; }
.zapsim-card > button:nth-of-type(4)::after { content: "☆"; content: "☆" / ""; }
.zapsim-card > button:nth-of-type(4).mod-warning::after { content: "★"; content: "★" / ""; }
.zapsim-card .widget-html, .zapsim-query .widget-html { margin: 0; }
.zapsim-card img, .zapsim-query img { border-radius: 6px; background: white; margin: 0;
  align-self: center; }
.zapsim-query { position: relative; border: 3px solid #0072B2; border-radius: 10px; padding: 8px;
  flex: none; }
.zapsim-query > .zapsim-parts { position: absolute; top: 8px; left: 8px; margin: 0; gap: 0; }
.zapsim-parts > button { width: auto; height: auto; margin: 0; font-size: 0; border-radius: 0;
  background: transparent !important; box-shadow: none; border: 1px dashed transparent; }
.zapsim-parts > button:hover, .zapsim-parts > button:focus-visible { border-color: #0072B2;
  outline: 2px solid #0072B2; outline-offset: -3px; }
.zapsim-parts > button.mod-info { border: 3px solid #0072B2; }
.zapsim-text { line-height: 1.4; margin-top: 4px; overflow-wrap: anywhere; }
.zapsim-score { font-size: 12px; height: 28px; }
.zapsim-name { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical;
  overflow: hidden; line-height: 1.3; height: 2.6em; margin-bottom: 3px; }
@container (max-width: 640px) {
  .zapsim .widget-hslider { width: 100% !important; }
  .zapsim .zapsim-status { height: 57px; }
  .zapsim-status + .widget-html { flex: 1 1 50%; min-height: 32px; }
  .zapsim-query > img, .zapsim-query > .zapsim-parts { width: 140px !important;
    height: 140px !important; align-self: flex-start; }
  .zapsim-query { flex-flow: row wrap; gap: 12px; width: 100%; box-sizing: border-box; }
  .zapsim-query > .widget-html { flex: 1 1 160px; width: auto; }
}
</style>""".replace("10 MB", f"{UPLOAD_MB} MB")


def row(children):
    """Put widgets beside each other; what does not fit goes below."""
    layout = widgets.Layout(display="flex", flex_flow="row wrap", align_items="center")
    layout.grid_gap = "2px 8px"
    return widgets.Box(children, layout=layout)


def grid(children, least, gap, fill="auto-fill", **layout):
    """Put widgets into rows of as many as there is room for, `least` pixels wide or more.

    With "auto-fit", those of a row that is not full share all of its width.
    """
    columns = {"grid_template_columns": f"repeat({fill}, minmax({least}px, 1fr))"}
    layout = widgets.Layout(display="grid", grid_gap=gap, **columns, **layout)
    return widgets.Box(children, layout=layout)


def wide(width):
    """Make a layout of a width, in pixels or as CSS writes it."""
    return widgets.Layout(width=width if isinstance(width, str) else f"{width}px")
