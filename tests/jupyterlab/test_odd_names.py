"""Names that look like mathematics or scripts stay names, in JupyterLab."""

from tests.conftest import ROOT
from tests.hostile.names import PAYLOADS

NAME = "names.ipynb"
CELLS = [
    r"""
import pandas as pd, zapsim
from pathlib import Path
from PIL import Image

evil = [r"from $10 to $20", r"$x^2$", r"\(x\)", r"$$\frac{1}{2}$$", r"\[y\]",
        r"\begin{align}z\end{align}", "<img src=x onerror='window.fired=1'>",
        "</script><script>window.fired=1</script>", "a & b `c`"]
keys = [f"Shoes/{number}.jpg" for number in range(len(evil))]
for number, key in enumerate(keys):
    path = Path("shop") / key
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 40), (20 * number, 90, 99)).save(path)
cells = evil[:4] + evil[:5]
table = pd.DataFrame({"key": keys, "title": evil, "$x^2$": cells, "</b><i>$y$": cells[::-1]})
catalogue = zapsim.load_catalogue("shop", table)
features = pd.DataFrame([[n, 9 - n, 4] for n in range(9)], index=catalogue.keys)
predictor = zapsim.SimilarityPredictor(catalogue, features)
predictor.html(catalogue.keys[0], k=9)""",
    "browser = zapsim.browse(predictor, filters=['$x^2$', '</b><i>$y$'])\nbrowser",
    "browser.preview()",
    "zapsim.mix(catalogue, {name: features for name in evil[:4] + evil[-3:]})",
    "quiz = zapsim.quiz(predictor, 2)\nquiz.tiles['a'].button.click()\nquiz",
    "quiz.preview()",
    "from zapsim.course import question\nquestion('04-a')",
    "from IPython.display import HTML\nHTML('<p id=seen>$x^2$</p>')",
]


def test_names_are_neither_mathematics_nor_scripts(lab, page, screenshots):
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    lab.write(NAME, *CELLS)
    page.set_viewport_size({"width": 1400, "height": 5000})
    lab.open(page, NAME)
    notebook = lab.run_all(page, NAME)
    assert not [o for c in notebook.cells for o in c.outputs if o.output_type == "error"]
    page.locator(".zapsim").nth(2).wait_for()
    # MathJax is at work, so that what it leaves alone was left alone.
    page.locator("#seen mjx-container").wait_for()
    page.wait_for_timeout(1_000)
    assert page.locator("mjx-container").count() == 1
    assert page.evaluate("window.fired") is None and not dialogs
    labels = page.locator(".zapsim-filter .widget-label").all_inner_texts()
    assert labels[:2] == ["$x^2$", "</b><i>$y$"]
    sliders = page.locator(".widget-hslider .widget-label").all_inner_texts()
    assert {r"from $10 to $20", r"$$\frac{1}{2}$$", "a & b `c`"} < set(sliders)
    page.screenshot(path=screenshots / "names.png")


# Every payload as an item, a folder, a cell, a column, a part of the mixer.
EVERY = [
    f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import warnings, zapsim, pandas as pd
from pathlib import Path
from tests.hostile.names import all_at_once

warnings.simplefilter("ignore")
predictor = all_at_once(Path("every"))
catalogue = predictor.catalogue
features = pd.DataFrame([[n, 9, n % 7] for n in range(len(catalogue))], catalogue.keys)
columns = list(catalogue.table.columns)
predictor.html(catalogue.keys[0], k=len(catalogue) - 1)""",
    "browser = zapsim.browse(predictor, k=24, filters=columns)\nbrowser",
    """
for key in catalogue.keys:
    browser.state.show(key)
    browser.state.toggle_favourite(key)
browser.state.more_like(catalogue.keys[0])
browser.preview()""",
    "zapsim.mix(catalogue, {name: features for name in columns})",
    "quiz = zapsim.quiz(predictor, 20)\nquiz.tiles['a'].button.click()\nquiz",
    "quiz.preview()",
    """
# As docs/layouts.md says.
pd.set_option("display.html.use_mathjax", False)
pd.set_option("display.max_rows", None, "display.max_columns", None)
catalogue.table""",
    "predictor.similar(catalogue.keys[0], k=len(catalogue) - 1)",
    "from IPython.display import HTML\nHTML('<p id=seen>$x^2$</p>')",
]


def test_every_payload_stays_a_name(lab, page, screenshots):
    troubles = []
    page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: troubles.append(request.url))
    lab.write("every.ipynb", *EVERY)
    page.set_viewport_size({"width": 1400, "height": 9000})
    lab.open(page, "every.ipynb")
    notebook = lab.run_all(page, "every.ipynb")
    assert not [o for c in notebook.cells for o in c.outputs if o.output_type == "error"]
    page.locator(".zapsim").nth(2).wait_for()
    page.locator("#seen mjx-container").wait_for()
    page.wait_for_timeout(1_000)
    assert page.locator("mjx-container").count() == 1
    assert page.evaluate("window.fired") is None
    ours = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    assert [each for each in troubles if not each.startswith(ours)] == []
    assert page.locator(".widget-hslider").count() >= len(PAYLOADS)
    shown = page.locator(".jp-OutputArea-output").all_inner_texts()
    for text in ("from $10 to $20", "<svg/onload=window.fired=1>", "{{ 7*7 }}{% raw %}{# #}"):
        assert sum(text in each for each in shown) >= 4
    page.screenshot(path=screenshots / "every-name.png")
