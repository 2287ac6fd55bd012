"""bridge.py: the same on ipywidgets 7.7 and 8."""

from html import unescape

import ipywidgets as widgets
import pytest

from zapsim.widgets.bridge import as_text, describe, empty_upload, explain, uploaded


def test_both_versions_of_an_upload_are_understood():
    seven = {"a.jpg": {"metadata": {"name": "a.jpg"}, "content": b"123"}}
    eight = ({"name": "a.jpg", "content": memoryview(b"123"), "size": 3},)
    assert uploaded(seven) == uploaded(eight) == ("a.jpg", b"123")


def test_the_kernel_that_keeps_an_upload_s_message_does_not_keep_its_bytes():
    content = memoryview(b"123")
    assert uploaded(({"name": "a.jpg", "content": content},)) == ("a.jpg", b"123")
    with pytest.raises(ValueError, match="released"):
        content.tobytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", 3_000_000_000),
        ("a.jpg", "text"),
        ("a.jpg", [1, 2, 300]),
        ("a.jpg", None),
        (5, b"123"),
        (["a"], b"123"),
        ("a" * 256, b"123"),
    ],
)
def test_an_upload_without_a_name_or_bytes_is_none(name, content):
    with pytest.raises(ValueError, match="No file arrived: bytes, and a name of at most 255"):
        uploaded(({"name": name, "content": content},))


def test_an_emptied_upload_takes_the_same_file_again(upload):
    button, seen = widgets.FileUpload(), []
    button.observe(lambda change: seen.append(len(change["new"])), "value")
    for _ in range(2):
        upload(button, b"12")
        empty_upload(button)
    assert seen == [1, 0, 1, 0]


def test_text_is_escaped_where_the_front_end_writes_html(writes_html):
    assert as_text("<b>") == ("&lt;b&gt;" if writes_html else "<b>")


def test_a_description_is_a_text_whose_letters_are_neither_html_nor_mathematics():
    slider = widgets.FloatSlider()
    describe(slider, r"from $10 to $20 \(<b>\)")
    assert getattr(slider, "description_allow_html", True)
    assert not set("$\\") & set(slider.description) and "<b>" not in slider.description
    assert unescape(slider.description) == (
        r'<span class="tex2jax_ignore mathjax_ignore">from $10 to $20 \(<b>\)</span>'
    )


def test_of_a_long_name_a_label_has_the_beginning_and_the_end():
    slider, button = widgets.FloatSlider(), widgets.Button()
    describe(slider, f"from {'x' * 100_000} to")
    explain(button, f"from {'x' * 100_000} to")
    for said in (unescape(slider.description), button.tooltip):
        assert "from x" in said and "x to" in said and len(said) < 3_000


def test_a_tooltip_is_there_whatever_it_is_called(recwarn):
    for widget in (widgets.Button(), widgets.Dropdown(), widgets.IntSlider()):
        explain(widget, "what it does")
        state = widget.get_state()
        assert "what it does" in (state.get("tooltip"), state.get("description_tooltip"))
    assert not [warned for warned in recwarn.list if "tooltip" in str(warned.message)]
