"""The browser widget as a person uses it, in JupyterLab and as a page of Voila."""

import pandas as pd
import pytest

import zapsim
from tests.jupyterlab.conftest import Person

# Alone: all of notebook 06 would take longer, for each test.
NAME = "browser.ipynb"
SOURCE = """import zapsim
catalogue = zapsim.load_catalogue()
predictor = zapsim.SimilarityPredictor(catalogue, zapsim.load_features())
zapsim.browse(predictor, catalogue.sample(1, seed=6).keys[0])"""


@pytest.fixture
def person_in_lab(lab, page):
    page.set_viewport_size({"width": 1400, "height": 1300})
    lab.write(NAME, SOURCE)
    lab.open(page, NAME)
    page.keyboard.press("Shift+Enter")
    page.locator(".zapsim").first.scroll_into_view_if_needed()
    return Person(page)


def test_a_walk_through_the_catalogue(person_in_lab, page, photo, dialogs, screenshots):
    person = person_in_lab

    def look(name):
        page.mouse.move(0, 0)
        person.widget.screenshot(path=screenshots / f"browse-{name}.png")

    look("1-opened")
    assert person.cards().count() == 8
    chosen = person.widget.locator("select").evaluate_all(
        "selects => selects.map(select => select.selectedOptions[0]?.textContent)"
    )
    assert set(chosen) == {"any", "…"}
    start = person.says("neighbours of")
    first = person.go_to(3)
    look("2-neighbour-is-query")
    name = person.name_of_card(2)
    # The button lies over the picture, unseen: that it takes the click is the point.
    person.cards().nth(1).locator("img").click(force=True)
    person.says(f"neighbours of {name}")
    for _ in range(2):
        person.press("← Back")
    person.says(start)
    person.press("Forward →")
    person.says(f"neighbours of {first}")

    person.choose("Sub category", "Ankle")
    person.widget.get_by_role("button", name="✕ Ankle").wait_for()
    look("3-only-ankle")
    names = [person.name_of_card(n) for n in (1, 2, 3)]
    table = zapsim.load_catalogue()
    ankle = set(table.captions[table.table["SubCategory"] == "Ankle"])
    assert set(names) <= ankle
    closures = person.widget.locator(".widget-dropdown", has_text="Closure").first
    assert closures.locator("option", has_text="Sling").count() == 0, "no ankle boot has one"
    person.press("✕ Ankle")
    person.says("8 neighbours of")

    person.search("CHATEAU boots")
    count = len(zapsim.SimilarityPredictor(table, zapsim.load_features()).search("chateau boots"))
    person.says(f"{count} items match 'CHATEAU boots'")
    assert "Château Nord" in person.name_of_card(1)
    look("4-found-by-search")
    box = person.widget.locator("input[type=text]").first
    box.fill("wil")
    option = person.widget.locator("datalist option[value^='Wool & Willow (']")
    option.wait_for(state="attached")
    box.fill(option.get_attribute("value"))
    person.says("match 'Wool & Willow'")
    person.go_to(1)

    unreadable = photo.with_name("not a picture.jpg")
    unreadable.write_text("hello")
    person.upload(unreadable)
    person.says("not a picture.jpg: cannot be read as a picture", timeout=90_000)
    look("5-unreadable")
    person.upload(photo)
    person.says("neighbours of <img src=x", timeout=90_000)
    assert person.name_of_card(1) == table.caption(table.keys[100])
    look("5-my-picture")

    person.press("Export")
    links = person.widget.get_by_role("link")
    links.first.wait_for()
    with page.expect_download() as download:
        links.first.click()
    saved = download.value.path().read_text(encoding="utf-8")
    assert saved.count("<img alt=") == 9
    assert "&lt;img src=x onerror=alert(1)&gt;" in saved
    assert "<img src=x" not in saved
    look("6-exported")
    assert dialogs == []


def test_a_flat_black_one_with_a_buckle_but_like_that_boot_in_under_ten_clicks(
    person_in_lab, page, screenshots
):
    person = person_in_lab
    page.set_viewport_size({"width": 1366, "height": 768})
    person.widget.evaluate("node => node.scrollIntoView()")
    person.search("flat buckle")
    person.says("12 items match")
    person.go_to(person.card_of("1134884.3"))
    person.search("boots buckle")
    person.says("24 of 57 items match")
    person.press(f"More like #{person.card_of('2657955.3')}")
    person.says("more like Nordlicht, Knee High, 2657955.3")
    assert -200 < person.top() < 500, "chosen far down among the matches, the result is in view"
    person.choose("Closure", "Buckle")
    person.widget.get_by_role("button", name="✕ Buckle").wait_for()
    page.screenshot(path=screenshots / "browse-flat-black-buckle-boot.png")
    person.press("Export")
    with page.expect_download() as download:
        person.widget.get_by_role("link", name="neighbours.csv").click()
    assert person.clicks + 1 < 10
    found = pd.read_csv(download.value.path())
    assert found["Closure"].str.contains("Buckle").all()
    assert {"Boots", "Shoes"} <= set(found["Category"]), "like the boot, and like the flat one"
    shoe = zapsim.load_catalogue().picture_or_none(found["key"][0])
    assert shoe[shoe.min(axis=2) < 235].mean() < 100, "black"


def test_combined_narrowed_and_taken_home_and_nothing_jumps(person_in_lab, page, screenshots):
    person = person_in_lab
    page.set_viewport_size({"width": 1366, "height": 768})
    page.wait_for_timeout(500)
    person.widget.evaluate("node => node.scrollIntoView()")
    eighth = person.cards().nth(7).evaluate("node => node.getBoundingClientRect().bottom")
    assert eighth <= 768 - 24, "eight cards fit above JupyterLab's status bar"
    tops = [person.top()]
    person.choose("Closure", "Buckle")
    person.widget.get_by_role("button", name="✕ Buckle").wait_for()
    tops.append(person.top())
    boot = person.name_of_card(2)
    person.press("More like #2")
    person.says(f"more like {boot}")
    person.press("Less like #5")
    person.says("less like")
    tops.append(person.top())
    person.press("Lower right")
    person.says("by its lower right only")
    page.screenshot(path=screenshots / "browse-combined.png")
    tops.append(person.top())
    names = [person.name_of_card(n) for n in (1, 2)]
    for number in (1, 2):
        person.press(f"Keep #{number} as a favourite")
    person.widget.get_by_role("button", name="★ 2").click()
    person.says("2 favourites")
    tops.append(person.top())
    assert [person.name_of_card(n) for n in (1, 2)] == names
    person.press("Export")
    link = person.widget.get_by_role("link", name="favourites.csv")
    with page.expect_download() as download:
        link.click()
    page.screenshot(path=screenshots / "browse-favourites.png")
    person.press("Keep #1 as a favourite")
    person.says("1 favourite.")
    with page.expect_file_chooser() as chooser:
        person.widget.get_by_role("button", name="Load favourites").click()
    path = download.value.path().rename(screenshots.parent / "favourites.csv")
    chooser.value.set_files(path)
    person.says("1 new from favourites.csv, 2 in all")
    path.unlink()
    person.widget.get_by_role("button", name="← Back").click()
    person.says("by its lower right only")
    person.press("Clear all")
    person.says("8 neighbours of")
    tops.append(person.top())
    assert max(tops) - min(tops) < 1, tops


def test_a_picture_as_large_as_the_widget_says_arrives(person_in_lab, photo):
    data = photo.read_bytes()
    photo.write_bytes(data + bytes(200_000_000 - len(data)))
    assert "up to 200 MB" in person_in_lab.widget.inner_html()
    person_in_lab.upload(photo)
    person_in_lab.says("neighbours of <img src=x", timeout=240_000)


def test_an_upload_leaves_no_line_in_the_log(person_in_lab, page, photo):
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.get_by_text("Show Log Console").click()
    person_in_lab.upload(photo)
    said = person_in_lab.says("neighbours of <img src=x", timeout=90_000)
    assert "ImageNet weights" in said, "what was loaded is said here"
    page.wait_for_timeout(500)
    assert "ImageNet weights" not in page.locator(".jp-LogConsolePanel").inner_text()


def test_everything_can_be_reached_by_keyboard(person_in_lab, page):
    person = person_in_lab
    name = person.name_of_card(1)
    person.widget.locator("input[type=text]").first.focus()
    reached = []
    for _ in range(80):
        page.keyboard.press("Tab")
        focus = "document.activeElement.innerText || document.activeElement.type || ''"
        reached.append(page.evaluate(focus).strip())
        if reached[-1] == "Search like #1":
            break
    assert {"Surprise me", "Export", "8", "Upper left", "Search like #1"} <= set(reached)
    page.keyboard.press("Enter")
    person.says(f"neighbours of {name}")


def test_dragging_the_slider_changes_the_number_of_cards_once(person_in_lab, page):
    person = person_in_lab
    handle = person.widget.get_by_role("slider").first
    handle.focus()
    for _ in range(16):
        page.keyboard.press("ArrowRight")
    person.says("24 neighbours of")
    assert person.cards().count() == 24
    loaded = (
        person.cards()
        .locator("img")
        .evaluate_all("images => images.every(image => image.complete && image.naturalWidth > 0)")
    )
    assert loaded


# Dark comes last: JupyterLab remembers a theme.
@pytest.mark.parametrize(("name", "width", "dark"), [("narrow", 390, False), ("dark", 1280, True)])
def test_how_it_looks_elsewhere(person_in_lab, page, screenshots, name, width, dark):
    if dark:
        page.get_by_role("menuitem", name="Settings", exact=True).click()
        page.get_by_text("Theme", exact=True).hover()
        page.get_by_text("JupyterLab Dark", exact=True).click()
        page.wait_for_timeout(1500)
    page.keyboard.press("Control+b")
    page.set_viewport_size({"width": width, "height": 1800})
    page.wait_for_timeout(500)
    person_in_lab.widget.screenshot(path=screenshots / f"browse-{name}.png")
    overflow = page.locator(".zapsim").first.evaluate("node => node.scrollWidth - node.clientWidth")
    assert overflow <= 2, "something sticks out to the right"


def test_two_people_on_one_page_of_voila_do_not_disturb_each_other(voila, browser, screenshots):
    people = []
    for _ in range(2):
        page = browser.new_context(viewport={"width": 1280, "height": 820}).new_page()
        page.goto(voila, timeout=120_000)
        people.append(Person(page))
    one, two = people
    before = two.says("neighbours of")
    first = one.go_to(2)
    second = two.go_to(5)
    assert first != second
    assert two.says("neighbours of") != before
    assert first in one.says("neighbours of")
    one.page.mouse.click(5, 5)
    one.page.screenshot(path=screenshots / "voila.png", full_page=True)
    text = one.page.locator("body").inner_text()
    assert "its own neighbours appear at once" in text
    assert "predictor" not in text, "code is shown"
    assert "You will build" not in text, "the course is shown"
    assert "Exercise" not in text, "the course is shown"
    assert "05_recommend" not in text, "a link that leads nowhere is shown"
    assert one.page.locator("img").count() < 30, "what the course draws is shown"
    for person in people:
        person.page.context.close()
