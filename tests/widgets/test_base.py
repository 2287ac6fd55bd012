"""base.py: what the three widgets share, the same on ipywidgets 7.7 and 8."""

import ipywidgets as widgets

from zapsim.widgets.base import as_text, empty_upload, uploaded


def test_both_versions_of_an_upload_are_understood():
    seven = {"a.jpg": {"metadata": {"name": "a.jpg"}, "content": b"123"}}
    eight = ({"name": "a.jpg", "content": memoryview(b"123"), "size": 3},)
    assert uploaded(seven) == uploaded(eight) == ("a.jpg", b"123")
    assert uploaded({}) == uploaded(()) == ("", None)


def test_emptying_an_upload_is_no_upload(upload):
    button, seen = widgets.FileUpload(), []
    button.observe(lambda change: seen.append(uploaded(change["new"])[1]), "value")
    for _ in range(2):
        upload(button, b"12")
        empty_upload(button)
    assert seen == [b"12", None, b"12", None]


def test_text_is_escaped_where_the_front_end_writes_html(writes_html):
    assert as_text("<b>") == ("&lt;b&gt;" if writes_html else "<b>")
