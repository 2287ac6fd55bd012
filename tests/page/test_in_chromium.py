"""The page as a person uses it, opened by its path in headless Chromium, without a server."""

import csv
import json
import re
import shutil
import subprocess
from io import StringIO
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zapsim
from tests.conftest import ROOT
from tests.draw.formulas import FORMULAS
from tests.hostile.names import all_at_once
from tests.widgets.spreadsheets import SAVED_AGAIN
from zapsim.find.rocchio import UNLIKE
from zapsim.page.writer import joined_script
from zapsim.similarity import unit_vectors

NPM = ROOT / "build" / "npm" / "node_modules"
SIZES = {"laptop": (1366, 768), "phone": (390, 844)}


@pytest.fixture(scope="session")
def shop(predictor, features, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "shop.html"
    return predictor.page(path, places=zapsim.map_catalogue(features, "PCA"))


@pytest.fixture(scope="session")
def shop_folder(predictor, features, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "shop"
    return predictor.page(path, places=zapsim.map_catalogue(features, "PCA"))


class Visitor:
    """Somebody who has opened the page. Whatever goes wrong in it is in `troubles`."""

    def __init__(self, page, path):
        self.page, self.path, self.troubles = page, path, []
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda said: self.troubles.append(said.text))
        page.on("dialog", lambda dialog: (self.troubles.append("dialog"), dialog.dismiss()))
        page.on("request", self._note)
        self.open()

    def _note(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.troubles.append(request.url)

    def open(self, address=""):
        self.page.goto(f"{self.path.as_uri()}{address}")
        self.page.locator("html[data-ready]").wait_for(state="attached")

    @property
    def status(self):
        return "".join(self.texts("#status"))

    def texts(self, selector):
        # Not as rendered: of cards that are not on the screen, a browser renders none.
        found = self.page.locator(selector).all_text_contents()
        return [re.sub("[\u2068\u2069]", "", text) for text in found]

    def says(self, text):
        # Without the marks that keep a name's letters together.
        seen = r"document.getElementById('status').textContent.replace(/[\u2068\u2069]/g, '')"
        self.page.wait_for_function(f"text => {seen}.includes(text)", arg=text)

    def search(self, words):
        self.page.fill("#words", words)
        self.page.press("#words", "Enter")

    def names(self):
        return self.texts("#cards .name")

    def keys(self):
        return self.page.evaluate("location.hash")

    def card(self, number):
        return self.page.locator("#cards .card").nth(number - 1)

    def filter(self, column, *values):
        menu = self.page.locator("#filters details", has_text=column).first
        menu.locator("summary").click()
        for value in values:
            menu.locator("label", has_text=re.compile(f"^{re.escape(value)}\\d")).click()
        self.page.keyboard.press("Escape")

    def counts(self, column):
        menu = self.page.locator("#filters details", has_text=column).first
        menu.locator("summary").click()
        menu.locator("label small:not(:empty)").first.wait_for()
        parts = (menu.locator(f"label {part}") for part in ("bdi", "small"))
        values, numbers = (part.all_text_contents() for part in parts)
        menu.locator("summary").click()
        return dict(zip(values, map(int, numbers), strict=True))

    def saved(self, kind):
        self.page.get_by_text("Save…").click()
        with self.page.expect_download() as download:
            self.page.locator(".save button", has_text=kind).click()
        return download.value.path().read_text(encoding="utf-8")


@pytest.fixture
def visit(browser):
    """Return ``visit(path, size, scheme)``: a `Visitor`; at the end nothing went wrong."""
    visitors = []

    def make(path, size="laptop", scheme="light"):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=size == "phone",
        )
        visitors.append(Visitor(context.new_page(), path))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.page.context.close()
        assert not visitor.troubles


@pytest.fixture
def visitor(visit, shop):
    return visit(shop)


@pytest.mark.parametrize(
    "words",
    [
        *("BELLWEATHER", "chateau", "cha\u0302teau", "women  boots", "Women's boots", "1913768"),
        *("tstrap ankle", "heels", "ankel", "boots ankle nobody"),
    ],
)
def test_search(visitor, predictor, words):
    visitor.search(words)
    expected = len(predictor.search(words))
    if expected:
        visitor.says(f"{expected} of 615 items match")
        assert visitor.page.evaluate("document.activeElement.className") == "pick"
    else:
        visitor.says("None of 615 items matches")
    visitor.page.keyboard.press("Escape")
    visitor.says("615 items.")


@pytest.mark.parametrize("words", ["8026420.8", "3198202.3", "3979364.3", "flat", "heel", "b"])
def test_what_is_found_comes_in_the_librarys_order(visitor, predictor, words):
    visitor.search(words)
    visitor.says(f"match “{words}”")
    found = predictor.search(words)[:60]
    assert visitor.names() == [predictor.catalogue.caption(key) for key in found]
    visitor.page.fill("#words", words)
    offered = visitor.texts("#offers li bdi:only-child")
    assert offered == visitor.names()[: len(offered)] and len(offered) == min(5, len(found))


def test_a_key_comes_first_however_its_accents_are_written(visitor, predictor):
    words = "Boots/Knee High/Cha\u0302teau Nord/4266979.14.jpg"
    visitor.search(words)
    visitor.says(f"“{words}”")
    assert visitor.names() == [predictor.catalogue.caption(key) for key in predictor.search(words)]
    assert visitor.names()[0] == predictor.catalogue.caption(words)


def test_suggestions_name_brands_and_kinds_first_then_items(visitor):
    visitor.page.locator("#words").press_sequentially("bel")
    offers = visitor.page.locator("#offers li").all_inner_texts()
    assert offers[0].split("\n") == ["Bellweather", "Brand, 36"]
    assert any("1913768" in offer for offer in offers[2:])
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Enter")
    visitor.says("36 of 615 items match with these filters.")
    assert visitor.page.locator(".chip").inner_text() == "Bellweather ×"
    visitor.page.locator(".chip").click()
    visitor.says("615 items.")


def test_filters_know_of_each_other(visitor, predictor):
    table = predictor.table
    visitor.filter("Category", "Slippers", "Sandals")
    chosen = table[table["Category"].isin(["Slippers", "Sandals"])]
    visitor.says(f"{len(chosen)} of 615 items match")
    counts = visitor.counts("Sub category")
    expected = chosen["SubCategory"].value_counts()
    assert {value: n for value, n in counts.items() if n} == expected.to_dict()
    # Of its own column, all values can still be added.
    assert visitor.counts("Category") == table["Category"].value_counts().to_dict()
    assert visitor.page.locator(".chip").count() == 2
    visitor.page.get_by_text("Clear all").click()
    visitor.says("615 items.")


def test_neighbours_are_the_librarys(visitor, predictor):
    visitor.search("1913768.14")
    visitor.card(1).locator(".pick").click()
    visitor.says("12 neighbours of Bellweather, Ankle, 1913768.14")
    key = "Boots/Ankle/Bellweather/1913768.14.jpg"
    captions = predictor.catalogue.caption
    found = predictor.similar(key, 12)
    assert visitor.names() == [captions(each) for each in found["key"]]
    shown = visitor.texts("#cards .score b")
    assert [float(score) for score in shown] == pytest.approx(found["score"], abs=6e-4)
    visitor.page.get_by_label("Hide the other colourways").check()
    found = predictor.similar(key, 12, hide_colourways=True)
    assert visitor.names() == [captions(each) for each in found["key"]]
    visitor.page.locator("#k").press("ArrowLeft")
    assert visitor.names() == [captions(each) for each in found["key"][:11]]


def test_beyond_the_table_scores_are_close_and_marked(visitor, predictor):
    key = "Boots/Ankle/Bellweather/1913768.14.jpg"
    visitor.open(f"#item={key}")
    visitor.filter("Category", "Slippers")
    found = predictor.similar(key, 12, where={"Category": "Slippers"})
    visitor.says("Scores with ≈ are estimates")
    names = set(map(predictor.catalogue.caption, found["key"]))
    assert len(names & set(visitor.names())) >= 9
    marked = visitor.texts("#cards .score b")[0]
    assert marked.startswith("≈") and abs(float(marked[1:]) - found["score"][0]) < 0.02


def test_several_at_once_find_what_rocchios_query_finds(visitor, predictor, features):
    unit, rng = unit_vectors(features), np.random.default_rng(3)
    shares = []
    for _ in range(12):
        like, unlike = rng.choice(615, 2, replace=False), rng.choice(615, 1)
        query = unit[like].mean(axis=0) - UNLIKE * unit[unlike].mean(axis=0)
        scores = unit @ query
        scores[[*like, *unlike]] = -np.inf
        best = {predictor.catalogue.captions.iloc[row] for row in np.argsort(-scores)[:12]}
        parts = [("show", "several"), *(("like", features.index[row]) for row in like)]
        parts += [("unlike", features.index[row]) for row in unlike]
        visitor.page.evaluate(
            "parts => { location.hash = new URLSearchParams(parts) }", [list(p) for p in parts]
        )
        visitor.says("12 neighbours of")
        visitor.page.wait_for_timeout(60)
        shares.append(len(best & set(visitor.names())) / 12)
    assert np.mean(shares) > 0.93


@pytest.fixture
def opposite(make_zip, encoded, drawn):
    """A predictor of 40 items; those of the second half are the opposites of the first."""
    files = {f"{n:02}.jpg": encoded(drawn(n), "JPEG") for n in range(40)}
    catalogue = zapsim.load_catalogue(make_zip(files))
    half = np.random.default_rng(0).normal(size=(20, 30))
    values = np.concatenate([half, -half])
    return zapsim.SimilarityPredictor(catalogue, pd.DataFrame(values, index=catalogue.keys))


@pytest.mark.parametrize("k", [2, 39])
def test_examples_that_cancel_each_other_out_are_told_as_by_python(visit, opposite, tmp_path, k):
    visitor = visit(opposite.page(tmp_path / "shop.html", k=k))
    with pytest.raises(ValueError, match="cancel each other out") as told:
        opposite.similar(["00.jpg", "20.jpg"])
    # Of some, the estimated scores leave something.
    for n in range(8):
        visitor.open("#")
        visitor.says("40 items.")
        visitor.open(f"#show=several&like=0{n}.jpg&like=2{n}.jpg")
        visitor.says(str(told.value))
        assert not visitor.names()
    visitor.page.locator("#query .mini").first.click()
    visitor.says("12 neighbours of")
    visitor.open("#show=several&like=00.jpg&unlike=20.jpg")
    visitor.says("12 neighbours of")


def test_like_items_of_which_the_page_knows_few_numbers_do_not_cancel_out(
    visit, make_zip, encoded, drawn, tmp_path
):
    """What is alike to next to nothing else has nearly no share in the short vectors."""
    kinds = np.repeat(np.arange(140), [2] * 130 + [1] * 10)
    image = encoded(drawn(0), "JPEG")
    catalogue = zapsim.load_catalogue(make_zip({f"{n:03}.jpg": image for n in range(len(kinds))}))
    values = pd.DataFrame(np.eye(140)[kinds], index=catalogue.keys)
    predictor = zapsim.SimilarityPredictor(catalogue, values)
    places = pd.DataFrame(0.5, columns=["x", "y"], index=catalogue.keys)
    visitor = visit(predictor.page(tmp_path / "shop.html", places=places))
    visitor.open(f"#show=several&like={catalogue.keys[-1]}&like={catalogue.keys[-2]}")
    visitor.says("12 neighbours of")


def test_a_link_of_many_examples_compares_each_once(visitor, predictor):
    """And nothing again where nothing changed."""
    visitor.page.add_init_script("""
        window.compared = 0;
        window.Float32Array = class extends Float32Array {
            constructor(...given) {
                super(...given);
                if (given[0] === 615) window.compared += 1;
            }
        };
        const sqrt = Math.sqrt;
        window.ranked = 0;
        Math.sqrt = (number) => { window.ranked += 1; return sqrt(number); };
    """)
    parts = "&".join(f"like={key}" for key in predictor.table.index[:100])
    visitor.open("#")
    visitor.page.goto("about:blank")
    visitor.open(f"#show=several&{parts}")
    visitor.says("12 neighbours of 50 items")
    assert visitor.page.evaluate("window.compared") == 50
    assert visitor.page.evaluate("window.ranked") == 1
    visitor.page.click("#to-map")
    visitor.page.click("#to-sheet")
    assert visitor.page.evaluate("window.ranked") == 1
    visitor.card(1).get_by_role("button", name="More like this").click()
    visitor.says("No more than 50 examples on one side")
    visitor.filter("Category", "Slippers")
    visitor.says("with these filters")
    assert visitor.page.evaluate("[window.compared, window.ranked]") == [50, 2]


def test_heaps_of_marks_keep_the_page_busy_no_longer_than_other_letters(
    visit, make_zip, encoded, drawn, tmp_path
):
    heap = "x" + "\u0301" * 40_000 + "\u0323" * 40_000
    files = {f"{n}.jpg": encoded(drawn(n), "JPEG") for n in range(3)}
    brands = [heap, f"{heap}z", "Cha\u0302teau"]
    table = pd.DataFrame({"key": list(files), "Brand": brands}).to_csv(index=False).encode()
    catalogue = zapsim.load_catalogue(make_zip(files | {"metadata.csv": table}))
    values = pd.DataFrame(np.eye(3), index=catalogue.keys)
    page = zapsim.SimilarityPredictor(catalogue, values).page(
        tmp_path / "shop.html", filters=["Brand"]
    )
    visitor = visit(page)
    for words, number in (("x", 2), ("z", 1), ("chateau", 1)):
        visitor.search(words)
        visitor.says(f"{number} of 3 items")
    visitor.page.locator("#filters summary").first.click()
    visitor.page.locator("#filters bdi").nth(2).wait_for()
    visitor.page.evaluate("heap => { location.hash = `item=${heap}` }", heap)
    visitor.says("3 items.")
    (tmp_path / "mine.json").write_text(json.dumps([heap, "0.jpg"]), encoding="utf-8")
    visitor.page.set_input_files("#file", tmp_path / "mine.json")
    visitor.says("1 favourite loaded")
    visitor.open("#item=0.jpg")
    visitor.says("2 neighbours of")


def test_the_basket_keeps_the_query_and_can_be_undone(visitor):
    visitor.card(1).locator(".pick").click()
    query = visitor.page.locator("#query h2").inner_text()
    visitor.card(3).get_by_role("button", name="More like this").click()
    visitor.says("12 neighbours of")
    assert query in visitor.status and " and " in visitor.status
    visitor.card(5).get_by_role("button", name="Less like this").click()
    visitor.says("unlike")
    assert visitor.page.locator("#query .mini").count() == 3
    for _ in range(2):
        visitor.page.keyboard.press("Backspace")
    visitor.page.locator("#query h2", has_text=query).wait_for()
    assert visitor.page.locator(".mini").count() == 0
    visitor.page.get_by_role("button", name="Forward").click()
    visitor.page.locator("#query .mini").nth(1).wait_for()


def test_history_and_links(visitor):
    visitor.search("loafers")
    visitor.card(2).locator(".pick").click()
    first = visitor.page.locator("#query h2").inner_text()
    visitor.card(4).locator(".pick").click()
    address = visitor.keys()
    visitor.page.keyboard.press("Backspace")
    visitor.page.locator("#query h2", has_text=first).wait_for()
    visitor.page.keyboard.press("Backspace")
    visitor.says("match “loafers”")
    visitor.page.keyboard.press("Backspace")
    visitor.says("615 items.")
    # Nothing is before that.
    visitor.page.keyboard.press("Backspace")
    assert visitor.page.get_by_role("button", name="Back", exact=True).is_disabled()
    visitor.open("#item=nobody&like=nobody&page=-3&show=several")
    visitor.says("615 items.")
    visitor.page.evaluate("address => { location.hash = address }", address)
    visitor.says("12 neighbours of")


@pytest.mark.parametrize("size", SIZES)
def test_an_items_number_is_never_cut(visit, shop, predictor, size):
    """Though the name before it may be."""
    visitor = visit(shop, size)
    visitor.search("sneakers")
    # Where its letters end, what holds them ends no earlier.
    cut = """() => [...document.querySelectorAll("#cards .own")].filter((own) => {
        own.closest(".card").style.contentVisibility = "visible";
        const letters = document.createRange();
        letters.selectNodeContents(own);
        const { right, bottom } = letters.getBoundingClientRect();
        const boxes = [own, own.closest(".name"), own.closest(".card")];
        return boxes.map((box) => box.getBoundingClientRect()).some((box) =>
            right > box.right + 1 || bottom > box.bottom + 1);
    }).map((own) => own.textContent)"""
    own = visitor.texts("#cards .own")
    assert "3198202.25" in " ".join(own) and len(own) == 48
    assert visitor.page.evaluate(cut) == []


def test_keys(visitor):
    focused = "document.activeElement.dataset.item ?? document.activeElement.id"
    press = visitor.page.keyboard.press
    press("ArrowRight")
    press("ArrowRight")
    press("ArrowDown")
    assert visitor.page.evaluate(focused) == "9"
    press("ArrowUp")
    press("ArrowLeft")
    assert visitor.page.evaluate(focused) == "0"
    press("f")
    visitor.says("is a favourite")
    press("+")
    visitor.page.locator("#basket .mini").wait_for()
    press("-")
    visitor.page.get_by_text("Choose one to be more like.").wait_for()
    press("Enter")
    visitor.says("12 neighbours of")
    press("/")
    assert visitor.page.evaluate(focused) == "words"
    press("?")  # In the search field it is a letter.
    assert not visitor.page.locator("#help").is_visible()
    press("Escape")
    visitor.page.locator("h2").first.click()
    press("?")
    visitor.page.get_by_text("95 % are within").wait_for()
    press("Escape")
    press("Escape")
    visitor.says("615 items.")
    press("m")
    visitor.page.locator("#map").wait_for()


def test_the_map_selects_by_mouse_and_keyboard(visitor, predictor):
    visitor.page.click("#to-map")
    box = visitor.page.locator("#map").bounding_box()
    visitor.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(8):
        visitor.page.mouse.wheel(0, -100)
    visitor.page.wait_for_timeout(200)
    # Where two pictures never leave more than a gap, some click hits one.
    for step in range(40):
        visitor.page.mouse.click(box["x"] + 60 + 20 * step, box["y"] + box["height"] / 2)
        if visitor.page.locator("#query").is_visible():
            break
    visitor.says("12 neighbours of")
    picked = visitor.keys()
    assert "view=map" in picked and "item=" in picked
    visitor.page.locator("#map").focus()
    visitor.page.keyboard.press("ArrowRight")
    assert visitor.status in set(predictor.catalogue.captions)
    visitor.page.keyboard.press("Enter")
    visitor.says("12 neighbours of")
    assert visitor.keys() != picked
    # Dragging moves the map, and selects nothing.
    before = visitor.keys()
    visitor.page.mouse.move(box["x"] + 500, box["y"] + 100)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 560, box["y"] + 160, steps=4)
    visitor.page.mouse.up()
    assert visitor.keys() == before


@pytest.mark.parametrize("kind", ["JSON", "CSV"])
def test_favourites_are_kept_saved_and_loaded(visitor, visit, shop, tmp_path, kind):
    for number in (1, 4):
        visitor.card(number).get_by_role("button", name="Favourite").click()
    names = [visitor.names()[number] for number in (0, 3)]
    visitor.page.reload()
    visitor.page.click("#to-stars")
    visitor.says("2 favourites.")
    assert visitor.names() == names
    file = tmp_path / f"favourites.{kind.lower()}"
    text = visitor.saved(kind).replace("2.jpg", "2.jpg")
    file.write_text(text, encoding="utf-8")
    html = visitor.saved("HTML")
    assert html.count("<img") == 2 and all(name in html for name in names)
    assert '<th dir="auto">Product</th>' in html and '<td dir="auto">1913768</td>' in html
    other = visit(shop)
    other.page.set_input_files("#file", file)
    other.says("2 favourites loaded")
    assert other.names() == names
    file.write_text("key\n" + "Boots/Ankle/Bellweather/1913768.14.jpg\n" * 2, encoding="utf-8")
    other.page.set_input_files("#file", file)
    other.says("1 favourite loaded")
    file.write_text('{"favourites": ["nobody"]}', encoding="utf-8")
    other.page.set_input_files("#file", file)
    other.says("0 favourites loaded from favourites")
    file.write_text("{", encoding="utf-8")
    other.page.set_input_files("#file", file)
    other.says("is no list of favourites")
    for large in (json.dumps([1] * 500_001), "key\n" + "a\n" * 500_001, "key" + "," * 5_000_001):
        file.write_text(large, encoding="utf-8")
        other.page.set_input_files("#file", file)
        other.says("is too large for a list")
        file.write_text('{"favourites": []}', encoding="utf-8")
        other.page.set_input_files("#file", file)
        other.says("0 favourites loaded")


def test_of_a_link_only_so_many_letters_are_searched_for(visit, shop):
    visitor = visit(shop)
    visitor.page.evaluate("location.hash = `words=${'boots '.repeat(50_000)}`")
    visitor.page.wait_for_timeout(500)
    assert len(visitor.page.input_value("#words")) == 200


@pytest.fixture
def subset_page(predictor, features, tmp_path):
    """Return ``subset_page(name, keys)``: a page of some items, with the title "Mine"."""

    def make(name, keys):
        some = zapsim.SimilarityPredictor(predictor.catalogue.subset(keys), features.loc[keys])
        return some.page(tmp_path / name, title="Mine")

    return make


def starred(visitor):
    """Return what is kept, whichever drawer it is in."""
    found = "Object.entries(localStorage).filter(([name]) => name.endsWith(':stars'))"
    kept = visitor.page.evaluate(f"{found}.map(([, value]) => JSON.parse(value))")
    assert len(kept) == 1
    return kept[0]


def star(visitor, number):
    visitor.card(number).get_by_role("button", name="Favourite").click()


def test_favourites_outlive_another_page_of_the_same_catalogue(visit, subset_page, predictor):
    keys = list(predictor.table.index)
    visitor = visit(subset_page("one.html", keys[:6]))
    star(visitor, 1)
    star(visitor, 6)
    # Of as many other items, and then of one item less.
    visitor.path = subset_page("two.html", keys[1:7])
    visitor.open()
    assert visitor.page.locator("#n-stars").inner_text() == "1"
    star(visitor, 1)
    visitor.path = subset_page("one.html", keys[:5])
    visitor.open()
    assert visitor.page.locator("#n-stars").inner_text() == "2"
    assert starred(visitor) == [keys[0], keys[5], keys[1]]


def test_another_catalogue_of_the_same_name_has_favourites_of_its_own(visit, tmp_path):
    pages = []
    for shop in ("shoes", "hats"):
        folder = tmp_path / shop / "images"
        folder.mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (40, 40), (80 * number, 0, 0)).save(folder / f"{number}.png")
        catalogue = zapsim.load_catalogue(folder)
        vectors = pd.DataFrame(np.eye(3), index=catalogue.table.index)
        pages.append(zapsim.SimilarityPredictor(catalogue, vectors).page(tmp_path / f"{shop}.html"))
    visitor = visit(pages[0])
    star(visitor, 1)
    visitor.path = pages[1]
    visitor.open()
    assert visitor.page.locator("#n-stars").inner_text() == "0"
    visitor.path = pages[0]
    visitor.open()
    assert visitor.page.locator("#n-stars").inner_text() == "1"


def test_two_tabs_keep_each_others_favourites(visitor, shop):
    other = Visitor(visitor.page.context.new_page(), shop)
    star(visitor, 1)
    other.page.wait_for_function("document.getElementById('n-stars').textContent === '1'")
    # Also where a tab has not heard of it yet.
    deaf = "window.addEventListener('storage', (event) => event.stopImmediatePropagation(), true)"
    other.page.evaluate(deaf)
    visitor.page.evaluate("""() => {
        const name = Object.keys(localStorage).find((each) => each.endsWith(':stars'));
        const kept = JSON.parse(localStorage.getItem(name));
        localStorage.setItem(name, JSON.stringify([...kept, 'of another page.jpg']));
    }""")
    star(visitor, 2)
    star(other, 3)
    star(other, 1)
    kept = starred(visitor)
    assert len(kept) == 3 and "of another page.jpg" in kept
    visitor.page.click("#to-stars")
    visitor.says("2 favourites.")
    assert not other.troubles


def test_a_store_that_is_full_by_now_is_told(visitor):
    visitor.page.evaluate("""() => {
        for (let size = 2 ** 20; size >= 1; size >>= 1) {
            try {
                for (let n = 0; ; n++) localStorage.setItem(`${size} ${n}`, "x".repeat(size));
            } catch {}
        }
    }""")
    assert "stay in this browser" in visitor.texts("#stored")[0]
    star(visitor, 1)
    visitor.says("1 favourite. This browser keeps nothing more for this page")
    assert "keeps nothing more" in visitor.texts("#stored")[0]


@pytest.mark.parametrize("kept", ["{}", '"x"', "5", "[{}]", "[null]", "true", '{"k": -1}', "{"])
def test_whatever_lies_in_the_drawer_the_page_works(visitor, kept):
    visitor.page.evaluate(
        "kept => Object.keys(localStorage).concat(Object.keys(localStorage).map(name =>"
        " name.replace(/settings$/, 'stars'))).forEach(name => localStorage.setItem(name, kept))",
        kept,
    )
    visitor.open("#item=Boots/Ankle/Bellweather/1913768.14.jpg")
    visitor.page.reload()
    visitor.says("12 neighbours of")
    star(visitor, 1)
    assert len(starred(visitor)) == 1


CSVS = {
    "a line break in a cell": '"key","name"\r\n"{a}","x\n{b}\ny"\r\n',
    "key is not first": "\ufeffrank,key\n1,{a}\n2,nobody\n",
    "quotes": 'key,name\n{a},"say ""\n{b}"""\n"no ""\n{b}",\n',
    "one column": "key\r\n\r\n{a}\r\n",
    "no header": "{a}\n",
    "semicolons": 'key;name\n{a};"1\n{b}"\n',
}


@pytest.mark.parametrize("form", SAVED_AGAIN)
def test_favourites_that_a_spreadsheet_saved_again_are_loaded(
    visit, make_zip, encoded, drawn, tmp_path, form
):
    keys = ["'=e.jpg", "=e.jpg", "Größe.jpg"]
    picture = encoded(drawn(0), "JPEG")
    catalogue = zapsim.load_catalogue(make_zip(dict.fromkeys(keys, picture)))
    predictor = zapsim.SimilarityPredictor(catalogue, pd.DataFrame(np.eye(3), catalogue.keys))
    visitor = visit(predictor.page(tmp_path / "shop.html"))
    for number in (2, 3):
        star(visitor, number)
    visitor.page.click("#to-stars")
    file = tmp_path / "mine.csv"
    file.write_bytes(SAVED_AGAIN[form](visitor.saved("CSV").lstrip("\ufeff")))
    for number in (1, 1):
        star(visitor, number)
    visitor.page.set_input_files("#file", file)
    visitor.says("2 favourites loaded from mine.csv.")
    assert starred(visitor) == keys[1:]


@pytest.mark.parametrize("form", CSVS)
def test_only_the_keys_of_a_csv_become_favourites(visitor, predictor, tmp_path, form):
    a, b = predictor.table.index[:2]
    file = tmp_path / "mine.csv"
    file.write_text(CSVS[form].format(a=a, b=b), encoding="utf-8", newline="")
    visitor.page.set_input_files("#file", file)
    visitor.says("1 favourite loaded from mine.csv")
    assert starred(visitor) == [a]


@pytest.mark.parametrize(
    "text", ['{"liked": []}', '{"favourites": 5}', "{", "[null", '[{"toString": 1}]']
)
def test_a_json_that_is_no_list_is_refused_in_one_sentence(visitor, tmp_path, text):
    (tmp_path / "mine.json").write_text(text)
    visitor.page.set_input_files("#file", tmp_path / "mine.json")
    visitor.says("mine.json is no list of favourites, or cannot be read. Take a JSON or CSV that")


def test_neighbours_can_be_taken_home(visitor, predictor):
    key = "Boots/Ankle/Bellweather/1913768.14.jpg"
    visitor.open(f"#item={key}")
    rows = list(csv.DictReader(StringIO(visitor.saved("CSV").lstrip("\ufeff"))))
    found = predictor.similar(key, 12)
    assert [row["key"] for row in rows] == found["key"].tolist()
    assert [float(row["score"]) for row in rows] == pytest.approx(found["score"], abs=6e-4)
    assert {row["estimated"] for row in rows} == {"no"}
    assert [row["Brand"] for row in rows] == found["Brand"].tolist()


def test_what_is_estimated_is_marked_wherever_it_goes(visitor, predictor):
    liked, unliked = predictor.table.index[[3, 200]]
    visitor.open(f"#show=several&like={quote(liked)}&unlike={quote(unliked)}")
    scores = visitor.texts("#cards .score b")
    assert len(scores) == 12 and all(re.fullmatch(r"≈0\.\d\d", score) for score in scores)
    spoken = visitor.page.locator("#cards .pick").evaluate_all("all => all.map(o => o.ariaLabel)")
    assert all(f"score about {score[1:]}:" in s for s, score in zip(spoken, scores, strict=True))
    rows = list(csv.DictReader(StringIO(visitor.saved("CSV").lstrip("\ufeff"))))
    assert [f"≈{row['score']}" for row in rows] == scores
    assert {row["estimated"] for row in rows} == {"yes"}
    assert re.findall(r"<td[^>]*>(≈[^<]*)", visitor.saved("HTML")) == scores


def test_a_saved_page_says_what_it_shows_whatever_was_done_last(visitor):
    visitor.open("#item=Boots/Ankle/Bellweather/1913768.14.jpg")
    star(visitor, 1)
    visitor.says("is a favourite")
    caption = "12 neighbours of \u2068Bellweather, Ankle, 1913768.14\u2069."
    for _ in range(2):
        html = visitor.saved("HTML")
        assert f"<caption>{caption}</caption>" in html and f"<title>{caption}</title>" in html


def test_the_colourways_of_what_is_not_liked_are_hidden_too(visitor, predictor):
    products = predictor.table["Product"]
    liked, unliked = products.index[0], "Boots/Ankle/Halden & Co%2E/1788918.410.jpg"
    visitor.open(f"#show=several&like={quote(liked)}&unlike={quote(unliked)}")
    product = dict(zip(predictor.catalogue.captions, products, strict=True))
    assert products[unliked] in map(product.get, visitor.names())
    visitor.page.get_by_label("Hide the other colourways").check()
    assert not {products[liked], products[unliked]} & set(map(product.get, visitor.names()))


def test_an_item_of_zeros_scores_nothing_with_itself(visit, make_zip, encoded, drawn, tmp_path):
    files = {f"{n}.jpg": encoded(drawn(n), "JPEG") for n in range(8)}
    catalogue = zapsim.load_catalogue(make_zip(files))
    values = np.random.default_rng(1).normal(size=(8, 16))
    values[3] = 0
    predictor = zapsim.SimilarityPredictor(catalogue, pd.DataFrame(values, catalogue.keys))
    visitor = visit(predictor.page(tmp_path / "shop.html"))
    for keys in (["0.jpg", "3.jpg"], ["3.jpg"]):
        visitor.open("#")
        visitor.open(f"#show=several&{'&'.join(f'like={key}' for key in keys)}")
        visitor.says(f"{8 - len(keys)} neighbours of")
        shown = [float(score) for score in visitor.texts("#cards .score b")]
        assert shown == pytest.approx(predictor.similar(keys, 12)["score"], abs=6e-4)


def test_values_have_the_blanks_around_them_that_the_librarys_have(
    visit, make_zip, encoded, drawn, tmp_path
):
    blanks = [*filter(str.isspace, map(chr, range(0x110000))), "\ufeff", "\u200b"]
    keys = [f"{n}.jpg" for n in range(2 * len(blanks))]
    catalogue = zapsim.load_catalogue(
        make_zip(dict.fromkeys(keys, encoded(drawn(0), "JPEG"))),
        metadata=pd.DataFrame(
            {"key": keys, "Kind": [f"{b}a  b{b};c" for b in blanks for _ in "12"]}
        ),
    )
    values = pd.DataFrame(np.eye(len(keys)), catalogue.keys)
    predictor = zapsim.SimilarityPredictor(catalogue, values)
    visitor = visit(predictor.page(tmp_path / "shop.html", filters=["Kind"]))
    assert visitor.counts("Kind") == predictor.values_of("Kind")


def test_its_csv_runs_no_more_than_python_s(browser):
    script = (ROOT / "zapsim" / "page" / "files.js").read_text(encoding="utf-8")
    script = script[: script.index("function toCSV")]
    page = browser.new_page()
    written = page.evaluate(f"(cells) => {{ {script}; return cells.map(csvText); }}", [*FORMULAS])
    page.close()
    assert dict(zip(FORMULAS, written, strict=True)) == FORMULAS


HOSTILE = {
    "</script><img src=x onerror=alert(1)>.jpg": '"><svg onload=alert(2)>',
    "<b>bold.jpg": "=cmd|' /C calc'!A0",
    "quotes ' and & \u2028 line.jpg": "\uff1dSUM(1)",
    "\u202egpj.rtl עברית 👠.jpg": "javascript:alert(3)",
    "{{data}}.jpg": "W" * 10_000,
}


def hostile_shop(make_zip, encoded, drawn, path):
    rows = pd.DataFrame({"key": list(HOSTILE), "<i>Column</i>": list(HOSTILE.values())})
    files = {key: encoded(drawn(n), "JPEG") for n, key in enumerate(HOSTILE)}
    files["broken <u>.jpg"] = b"damaged"
    catalogue = zapsim.load_catalogue(
        make_zip(files | {"meta-data.csv": rows.to_csv(index=False).encode()})
    )
    values = pd.DataFrame(np.eye(6, dtype=np.float32) + 1, index=catalogue.keys)
    with pytest.warns(UserWarning, match="could not be read"):
        return zapsim.SimilarityPredictor(catalogue, values).page(
            path, title="<script>t</script>", filters=["<i>Column</i>"]
        )


@pytest.mark.parametrize("name", ["shop.html", "shop"])
def test_hostile_names_are_shown_and_never_run(
    visit, make_zip, encoded, drawn, tmp_path, screenshots, name
):
    visitor = visit(hostile_shop(make_zip, encoded, drawn, tmp_path / name))
    page = visitor.page
    visitor.says("1 picture could not be read")
    assert page.locator("#title").inner_text() == "<script>t</script>"
    assert page.locator(".grey").count() == 1
    assert page.locator("#cards img").count() == 5
    page.locator("#filters summary").first.click()
    for n in range(6):
        visitor.open()
        visitor.card(n + 1).locator(".pick").click()
        visitor.says("5 neighbours of")
        visitor.card(1).get_by_role("button", name="Less like").click()
    page.screenshot(path=screenshots / f"hostile-{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visitor.search("alert")
    visitor.says("of 6 items match")
    visitor.open()
    saved = visitor.saved("CSV")
    cells = {row["key"]: row for row in csv.DictReader(StringIO(saved.lstrip("\ufeff")))}
    assert set(HOSTILE) < set(cells)
    column = [row["<i>Column</i>"] for row in cells.values()]
    assert "'=cmd|' /C calc'!A0" in column and "'\uff1dSUM(1)" in column
    html = visitor.saved("HTML")
    assert "<svg" not in html and "<b>" not in html and html.count("<img") == 5
    assert set(json.loads(visitor.saved("JSON"))["favourites"]) == set(cells)
    page.click("#to-map")
    page.click("#to-stars")
    assert page.locator("svg, b:not(.score b):not(summary b), script[src]").count() == 0


@pytest.mark.filterwarnings("ignore:Columns of one name", "ignore:.*row")
def test_every_payload_stays_a_name(visit, tmp_path):
    predictor = all_at_once(tmp_path / "every")
    columns = list(predictor.catalogue.table.columns)
    visitor = visit(predictor.page(tmp_path / "shop.html", title=columns[6], filters=columns))
    page = visitor.page
    n_items = len(predictor.catalogue)
    for number in range(0, n_items, 9):
        visitor.open()
        visitor.card(number % 9 + 1).locator(".pick").click()
        visitor.says("neighbours of")
        visitor.card(1).get_by_role("button", name="Less like").click()
    for menu in page.locator("#filters summary").all():
        menu.click()
    page.click("#to-map")
    page.click("#to-stars")
    page.wait_for_timeout(300)
    assert page.evaluate("window.fired") is None
    assert page.locator("svg, details[ontoggle], img[onerror], script[src]").count() == 0
    assert page.locator("#filters details").count() >= 40
    assert columns[6] == page.locator("#title").inner_text()


def test_the_folder_does_what_the_file_does(visit, shop_folder):
    visitor = visit(shop_folder)
    visitor.card(2).locator(".pick").click()
    visitor.says("12 neighbours of")
    loaded = "[...document.querySelectorAll('#cards img')].every(i => i.complete && i.naturalWidth)"
    visitor.page.wait_for_function(loaded)
    assert visitor.saved("HTML").count('src="data:image/jpeg') == 12
    visitor.page.click("#to-map")
    for _ in range(6):
        visitor.page.click("#closer")
    visitor.page.wait_for_timeout(300)


def test_where_the_browser_keeps_nothing_the_page_works(browser, shop):
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })"
    )
    visitor = Visitor(context.new_page(), shop)
    visitor.card(1).get_by_role("button", name="Favourite").click()
    visitor.says("is a favourite")
    visitor.page.click("#to-help")
    visitor.page.locator("#stored", has_text="This browser keeps nothing").wait_for()
    context.close()
    assert not visitor.troubles


def look(visitor, screenshots, name):
    """Take pictures of each view, and let axe-core look at them; return what it finds."""
    page, found = visitor.page, []
    axe = NPM / "axe-core" / "axe.min.js"

    def check(view):
        page.wait_for_timeout(250)
        page.screenshot(path=screenshots / f"page-{name}-{view}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        for violation in page.evaluate("axe.run()")["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found.append((view, violation["id"], violation["nodes"][0]["html"][:200]))

    # Not by a tag, which the page's own policy would refuse.
    page.evaluate(axe.read_text(encoding="utf-8"))
    check("sheet")
    page.fill("#words", "bel")
    check("suggestions")
    page.keyboard.press("Enter")
    visitor.card(2).locator(".pick").click()
    check("neighbours")
    visitor.card(2).get_by_role("button", name="Favourite").click()
    visitor.card(3).get_by_role("button", name="More like").click()
    visitor.card(4).get_by_role("button", name="Less like").click()
    check("several")
    page.locator("#filters summary").nth(2).click()
    check("filter")
    page.keyboard.press("Escape")
    page.click("#to-map")
    check("map")
    page.click("#to-stars")
    page.click("#to-sheet")
    check("favourites")
    page.click("#to-help")
    check("help")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_fits_and_axe_finds_nothing_serious(visit, shop, screenshots, size, scheme):
    if not (NPM / "axe-core").exists():
        pytest.skip("axe-core is not installed: run .ci/npm")
    visitor = visit(shop, size, scheme)
    assert visitor.page.evaluate("document.documentElement.dataset.theme") == scheme
    assert not look(visitor, screenshots, f"{size}-{scheme}")
    visitor.page.keyboard.press("Escape")
    visitor.page.click("#theme")
    assert visitor.page.evaluate("document.documentElement.dataset.theme") != scheme


def test_the_script_is_clean():
    if not (NPM / ".bin" / "eslint").exists() or not shutil.which("node"):
        pytest.skip("eslint is not installed: run .ci/npm")
    # It lints no file outside of where it stands.
    (ROOT / "build" / "page.js").write_text(joined_script(), encoding="utf-8")
    config = ROOT / ".ci" / "eslint.config.mjs"
    command = [NPM / ".bin" / "eslint", "--max-warnings=0", "-c", config, "build/page.js"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
