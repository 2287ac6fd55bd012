"""steps.py: a way that can be gone back, and again."""

from zapsim.widgets.steps import MATCHES, NEIGHBOURS, Step, Way


def test_a_way_is_gone_back_and_again():
    way, steps = Way(), [Step("a"), Step("b"), Step("c")]
    assert way.now is None and way.ahead(-1) is None and way.ahead(1) is None
    for step in steps:
        way.go_on(step)
    assert way.now == steps[2] and way.ahead(-2) == steps[0]
    assert way.ahead(1) is None and way.ahead(-3) is None
    way.move(-2)
    assert way.now == steps[0] and way.ahead(1) == steps[1]
    way.go_on(Step("d"))
    assert way.ahead(1) is None and way.ahead(-1) == steps[0]


def test_a_step_can_take_the_place_of_another():
    way = Way()
    for text in ("b", "bo", "boots"):
        way.go_on(Step("a", showing=MATCHES, text=text), instead=text != "b")
    assert way.now.text == "boots" and way.ahead(-1) is None


def test_the_way_is_bounded():
    way = Way()
    for number in range(300):
        way.go_on(Step(number))
    assert way.now.query == 299
    assert way.ahead(-199).query == 100 and way.ahead(-200) is None


def test_an_item_is_in_one_basket_or_in_none():
    step = Step("a", showing=MATCHES, text="boots").weigh("b", True).weigh("c", True)
    assert (step.liked, step.unliked) == (("b", "c"), ())
    assert (step.showing, step.text) == (NEIGHBOURS, "")
    step = step.weigh("b", False)
    assert (step.liked, step.unliked) == (("c",), ("b",))
    step = step.weigh("b", False).weigh("c", True)
    assert step == Step("a")
