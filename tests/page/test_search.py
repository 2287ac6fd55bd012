"""search.js: what is typed finds on the page what it finds in Python, in the same order."""

import json
import random
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.find.words import folded
from zapsim.page.content import page_content
from zapsim.page.writer import joined_script

ASKED = [
    *("Women's", "Women's boots", "women’s sandals", "womens boots", "Men's oxfords", "kids'"),
    *("Boys' boots", "BOOTS", "boot", "boots,", "'boots'", "heels", "heeled", "oxford", "ankel"),
    *("flip flops", "flip-flop", "T-strap", "tstrap", "1913768", "6782639.29", "ladies", "girl's"),
    *("ＢＯＯＴＳ", "Château", "CHATEAU nord", "oot", "jpg", "", "!", "boots " * 30),
]
TEXTS = [
    *("Straße", "STRASSE ẞ", "ΣΟΦΟΣ σοφος", "İstanbul ısı", "がき ガキ", "ｶﾞ ﾊﾟ", "靴と箱", "कि की"),
    *("a_b.c/d\\e\nf", "Flip-Flop", "x.y-z", "O’Darby", "Łódź Ørsted Æon", "\ufb01ne ᾳ ŉ"),
    *("one" + "\u05b0\u05b4" * 20 + "two", "one" + "\u05b0" * 30, "pony ponies", "१२ Ⅳ"),
    *("2½ ④", "ties bus"),
]


def on_the_page(content, asked, call="searched"):
    """Return what the page's own function says to each text, run without a browser."""
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    script = joined_script().partition("// Search as")[2].partition("// What people know")[0]
    given = json.dumps([{key: content[key] for key in ("keys", "columns")}, asked])
    run = (
        f"const [shop, asked] = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
        "const inForm = (form, text) => text.normalize(form);\n"
        f"// {script}\nconsole.log(JSON.stringify(asked.map({call})));"
    )
    done = subprocess.run(
        ["node", "-e", run], input=given, capture_output=True, text=True, encoding="utf-8"
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def content_of(predictor):
    return page_content(predictor.catalogue, predictor.table, predictor._unit, 1, None, None)


def test_minizaps_page_finds_what_the_library_finds_in_its_order(predictor):
    rng = random.Random(0)
    texts = predictor.table.fillna("").astype(str).agg(" ".join, axis=1).tolist()
    words = sorted({word for text in texts for word in text.split()})
    asked = list(ASKED)
    for _ in range(100):
        some = rng.sample(rng.choice(texts).split(), rng.choice([1, 1, 2, 3]))
        if rng.random() < 0.2:
            some.append(rng.choice(words))
        # As people write: cut short, in the plural, with a part of it missing.
        ways = [str.upper, lambda w: w[:3], lambda w: w[2:], lambda w: w + "s", lambda w: w + "es"]
        ways += [lambda w: w.removesuffix("s"), lambda w: w + "'s", str, str]
        asked.append(" ".join(rng.choice(ways)(word) for word in some))
    position = predictor.table.index.get_indexer
    found = on_the_page(content_of(predictor), asked)
    for text, items in zip(asked, found, strict=True):
        assert items == position(predictor.search(text)).tolist(), text
    assert len(found[ASKED.index("Women's boots")]) == 132
    assert sum(map(bool, found)) > 90


def test_letters_keys_and_numbers_of_all_kinds_are_found_as_in_the_library(
    make_zip, encoded, drawn
):
    ends = ("a.b/T-Strap.x", "plain", "O'Darby/8.5", "caf\u00e9")
    keys = [f"{ends[n % 4]}{n}.jpg" for n in range(len(TEXTS))]
    sizes = [n / 2 for n in range(len(TEXTS))]
    table = pd.DataFrame({"key": keys, "Text": TEXTS, "Brand": TEXTS[::-1], "Size": sizes})
    files = {key: encoded(drawn(1), "JPEG") for key in keys}
    catalogue = zapsim.load_catalogue(make_zip(files), metadata=table)
    vectors = pd.DataFrame(np.eye(len(keys), dtype=np.float32), index=catalogue.keys)
    predictor = zapsim.SimilarityPredictor(catalogue, vectors)
    asked = [*TEXTS, *(part for text in [*TEXTS, *keys] for part in (text[:3], text[1:], text))]
    asked += ["8.5", "4", "4.0", "xjpg", "x1jpg", "ab", "tstrapx", *keys]
    content = content_of(predictor)
    plain = on_the_page(content, asked, "(text) => wordsOf(text).join(' ')")
    assert plain == [folded(text) for text in asked]
    position = predictor.table.index.get_indexer
    for text, items in zip(asked, on_the_page(content, asked), strict=True):
        assert items == position(predictor.search(text)).tolist(), text
