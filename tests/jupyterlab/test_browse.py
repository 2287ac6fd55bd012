"""The browser widget as a person uses it, in JupyterLab and as a page of Voila."""

import re
import statistics

import pytest

import zapsim

NAME = "05_browse.ipynb"


@pytest.fixture
def photo(tmp_path):
    """A file as a person would upload it: one of MiniZap's shoes, under a hostile name."""
    catalogue = zapsim.load_catalogue()
    path = tmp_path / "<img src=x onerror=alert(1)> 'my' shoe.jpg"
    path.write_bytes(catalogue.thumbnail(catalogue.keys[100]))
    return path


@pytest.fixture
def dialogs(page):
    """Whatever a script smuggled in by a name would open."""
    opened = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    return opened


class Person:
    """Somebody at the browser widget."""

    def __init__(self, page):
        self.page = page
        self.widget = page.locator(".zapsim").first
        self.widget.wait_for()
        self.status = self.widget.locator("[role=status]")
        self.status.get_by_text("neighbours of").wait_for()

    def says(self, text, timeout=10_000):
        self.status.get_by_text(text).first.wait_for(timeout=timeout)
        return self.status.inner_text()

    def press(self, name):
        self.widget.get_by_role("button", name=name, exact=True).click()

    def cards(self):
        return self.widget.locator(".zapsim-card:visible")

    def name_of_card(self, number):
        return self.cards().nth(number - 1).locator(".zapsim-name").inner_text()

    def go_to(self, number):
        """Make a neighbour the query; wait until it is, and until its pictures are painted."""
        name = self.name_of_card(number)
        self.press(f"Search like #{number}")
        self.says(f"neighbours of {name}")
        return name

    def choose(self, column, value):
        dropdown = self.widget.locator(".widget-dropdown", has_text=column).first
        # ipywidgets writes the blanks of an option as no-break spaces.
        words = re.compile(rf"^{value}\s\(".replace(" ", r"\s"))
        option = dropdown.locator("option", has_text=words).get_attribute("value")
        dropdown.locator("select").select_option(value=option)

    def upload(self, path):
        with self.page.expect_file_chooser() as chooser:
            self.widget.get_by_role("button", name="Search with my picture").click()
        chooser.value.set_files(path)


@pytest.fixture
def person_in_lab(lab, page):
    page.set_viewport_size({"width": 1400, "height": 1300})
    lab.open(page, NAME)
    lab.run_all(page, NAME)
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
    assert set(chosen) == {"any"}
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

    person.choose("Category", "Boots")
    page.wait_for_timeout(500)
    look("3-only-boots")
    names = [person.name_of_card(n) for n in (1, 2, 3)]
    table = zapsim.load_catalogue()
    boots = set(table.captions[table.table["Category"] == "Boots"])
    assert set(names) <= boots
    person.choose("Closure", "Sling Back")
    person.says("No item matches these filters")
    assert person.cards().count() == 0
    look("3-nothing-left")
    person.press("Clear filters")
    person.says("8 neighbours of")

    box = person.widget.locator("input[type=text]").first
    box.fill("wool & willow, boot")
    option = person.widget.locator("datalist option").first
    option.wait_for(state="attached")
    box.fill(option.get_attribute("value"))
    person.says("neighbours of Wool & Willow, Boot")
    look("4-found-by-search")

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


def test_everything_can_be_reached_by_keyboard(person_in_lab, page):
    person = person_in_lab
    name = person.name_of_card(1)
    person.widget.locator("input[type=text]").first.focus()
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focus = "document.activeElement.innerText || document.activeElement.type || ''"
        reached.append(page.evaluate(focus).strip())
        if reached[-1] == "Search like #1":
            break
    assert {"Surprise me", "Export", "8", "Search like #1"} <= set(reached), reached
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


def test_click_to_all_pictures_painted(person_in_lab, page, screenshots):
    """The time a person waits: the issue is the median, not one click."""
    person = person_in_lab
    milliseconds = []
    for _ in range(15):
        name = person.name_of_card(4)
        elapsed = page.evaluate(
            """async name => {
                const widget = document.querySelector('.zapsim');
                const start = performance.now();
                [...widget.querySelectorAll('button')]
                    .find(button => button.textContent.trim() === 'Search like #4').click();
                const done = () => widget.querySelector('[role=status]').textContent.includes(name)
                    && [...widget.querySelectorAll('.zapsim-card img')]
                        .every(image => image.offsetParent === null || image.complete);
                while (!done()) await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                return performance.now() - start;
            }""",
            f"neighbours of {name}",
        )
        milliseconds.append(elapsed)
    median = statistics.median(milliseconds)
    print(f"click to painted: median {median:.0f} ms of {sorted(round(m) for m in milliseconds)}")
    # The promise is 300 ms on a quiet machine: benchmarks/README.md. Here only its order counts.
    assert median < 1500


# Dark comes last: JupyterLab remembers a theme.
@pytest.mark.parametrize(("name", "width", "dark"), [("narrow", 620, False), ("dark", 1280, True)])
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
    assert "04_recommend" not in text, "a link that leads nowhere is shown"
    assert one.page.locator("img").count() < 30, "what the course draws is shown"
    for person in people:
        person.page.context.close()
