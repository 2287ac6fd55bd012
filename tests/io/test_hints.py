import pandas as pd
import pytest

import zapsim


@pytest.mark.parametrize("source", ["", " ", "\n"])
def test_an_empty_text_is_not_the_current_folder(make_folder, monkeypatch, source):
    monkeypatch.chdir(make_folder("a.jpg"))
    with pytest.raises(ValueError, match=r"Received: an empty text\. '\.' is the current folder"):
        zapsim.load_catalogue(source)


@pytest.mark.parametrize(
    "source", [["a.zip", "b.zip"], 7, float("nan"), pd.DataFrame(), b"shoes", {"a": 1}, True]
)
def test_what_is_no_path_is_refused_with_what_was_received(source):
    with pytest.raises(
        TypeError, match=r"must be the path of one folder, \.zip or \.tar\. Received"
    ):
        zapsim.load_catalogue(source)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("https://example.org/shoes.zip", "It is an address: download"),
        ("gs://bucket/shoes", "It is an address"),
        ("s3://bucket/shoes", "It is an address"),
        ("file:///home/me/shoes", "It is an address"),
        ("C:\temp\new", r"Backslashes of a Windows path were lost: write r'C:"),
        ("C:\x07lbum", r"or 'C:/Pictures/shoes'"),
        ("C:UsersmeDatashoes", "Backslashes"),
        ('"/home/me/shoes"', "Leave out the quotes"),
        ("'shoes.zip'", "Leave out the quotes"),
        ("x" * 5000, "Give an existing folder"),
        ("shoes", r"shoes\. Give an existing folder"),
    ],
)
def test_a_path_that_leads_nowhere_comes_with_a_hint(source, said):
    with pytest.raises(FileNotFoundError, match=rf"No catalogue at (?s:.)*{said}"):
        zapsim.load_catalogue(source)


def test_a_path_of_another_computer_is_told(monkeypatch):
    monkeypatch.setattr("zapsim.io.hints.sys.platform", "linux")
    with pytest.raises(FileNotFoundError, match="path of a Windows computer.*upload"):
        zapsim.load_catalogue("C:\\Users\\me\\shoes")
