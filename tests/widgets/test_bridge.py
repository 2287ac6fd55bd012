"""bridge.py: the same on ipywidgets 7.7 and 8."""

import ipywidgets as widgets

from zapsim.widgets.bridge import as_text, empty_upload, explain, uploaded


def test_both_versions_of_an_upload_are_understood():
    seven = {"a.jpg": {"metadata": {"name": "a.jpg"}, "content": b"123"}}
    eight = ({"name": "a.jpg", "content": memoryview(b"123"), "size": 3},)
    assert uploaded(seven) == uploaded(eight) == ("a.jpg", b"123")


def test_an_emptied_upload_takes_the_same_file_again(upload):
    button, seen = widgets.FileUpload(), []
    button.observe(lambda change: seen.append(len(change["new"])), "value")
    for _ in range(2):
        upload(button, b"12")
        empty_upload(button)
    assert seen == [1, 0, 1, 0]


def test_text_is_escaped_where_the_front_end_writes_html(writes_html):
    assert as_text("<b>") == ("&lt;b&gt;" if writes_html else "<b>")


def test_a_tooltip_is_there_whatever_it_is_called(recwarn):
    for widget in (widgets.Button(), widgets.Dropdown(), widgets.IntSlider()):
        explain(widget, "what it does")
        state = widget.get_state()
        assert "what it does" in (state.get("tooltip"), state.get("description_tooltip"))
    assert not [warned for warned in recwarn.list if "tooltip" in str(warned.message)]
