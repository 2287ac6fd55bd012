"""01 · Meet the catalogue: what is practised, right answers, and what is behind wrong ones."""

import numpy as np

from zapsim.course.comparing import same
from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "read category, brand and product off the path of a picture",
    "count products where products are meant, and pictures where pictures are meant",
    "say what a picture is in numbers, and what white is",
    "join a list to its pictures by a key, never by order",
    "find what is wrong with a catalogue before it does harm",
)

# One brand has a dot in its name, one a digit, and one product has no level above it.
_KEYS = (
    "Shoes/Oxfords/Bostonian/100627.72.jpg",
    "Boots/Ankle/Dr. Foot/88.4.jpg",
    "7.1.jpg",
    "Shoes/Flats/4 Seasons/2040.11.jpg",
)
_FILES = tuple(key.split("/")[-1] for key in _KEYS)


def _product(answer, key):
    try:
        return answer(key)
    except IndexError:
        return IndexError


def _join(table, rows, column="Closure"):
    """Return a list: the order of `table` is the task, and its keys bring no other one back."""
    return table["CID"].map(rows.set_index("CID")[column]).to_list()


def _share(says, value):
    """Return a mistake by its value, told apart from others that come close to it."""
    return Mistake(
        says, when=lambda got, picture: np.isclose(got, value(picture), rtol=0, atol=1e-4)
    )


def _white(picture):
    return picture > 250


def _has_buckle(table):
    return table["Closure"].str.contains("Buckle", na=False)


EXERCISES = (
    Exercise(
        "01-1",
        goal=1,
        call=lambda answer: [_product(answer, key) for key in _KEYS],
        expected=lambda: ["100627", "88", "7", "2040"],
        tried=tuple(f'product_of("{key}")' for key in _KEYS),
        mistakes=(
            Mistake(
                "This is the colourway: the product in one colour. Leave out what follows the dot.",
                value=lambda: [file.removesuffix(".jpg") for file in _FILES],
            ),
            Mistake(
                "This is the whole file name. The product stands before its first dot.",
                value=lambda: list(_FILES),
            ),
            Mistake(
                "You split the whole path at its dots. A brand may have a dot, too: Dr. Foot. "
                "Take the file name first, then split that.",
                when=lambda got: got[1] in ("Dr", "Boots/Ankle/Dr"),
            ),
            Mistake(
                "This is the colour. It stands after the dot, and the product before it.",
                value=lambda: ["72", "4", "1", "11"],
            ),
            Mistake(
                "It stops with an IndexError where there are fewer folders. Count from the end: the file "
                "name is always the last part, `[-1]`.",
                when=lambda got: IndexError in got,
            ),
            Mistake(
                "You took the first digits of the whole path. A folder may hold digits, too: 4 Seasons.",
                when=lambda got: got[3] == "4" and got[0] == "100627",
            ),
            Mistake(
                "A list comes out. One text is wanted: take its first part, `[0]`.",
                when=lambda got: isinstance(got[0], list),
            ),
            Mistake(
                "This is a number. A text is wanted: a product such as 0042 would lose its zeros.",
                when=lambda got: [str(each) for each in got] == ["100627", "88", "7", "2040"],
            ),
        ),
        hints=(
            "The last part of the path is the file name. What stands in it before the first dot?",
            '`key.split("/")` gives a list; its last part is `[-1]`. Split that one at the dot.',
            'First `file = key.split("/")[-1]`, then return the first part of `file.split(".")`.',
        ),
        solution='''
def product_of(key):
    """Return the product in a key, such as "100627" (str)."""
    return key.split("/")[-1].split(".")[0]
''',
        explains="It works for any number of folders, and for brands with a dot.",
    ),
    Exercise(
        "01-2",
        goal=3,
        # Two digits are enough.
        tolerance=5e-3,
        expected=lambda picture: _white(picture).all(axis=2).mean(),
        mistakes=(
            Mistake(
                "`picture` no longer holds the picture. Run the cell again that opens it, and take "
                "another name for what you compute.",
                when=lambda got, picture: picture.dtype == bool,
            ),
            _share(
                "You counted numbers, three a pixel. A pixel is white if all three are high: "
                "`.all(axis=2)` first, then the mean.",
                lambda picture: _white(picture).mean(),
            ),
            _share(
                "You took pixels with any high number. Pure red has one, too. All three must be.",
                lambda picture: _white(picture).any(axis=2).mean(),
            ),
            _share(
                "You took exactly 255. JPEG rounds, so white may be 252 as well. Take > 250.",
                lambda picture: (picture == 255).all(axis=2).mean(),
            ),
            _share(
                "You took 250 as well. White is *above* 250.",
                lambda picture: (picture >= 250).all(axis=2).mean(),
            ),
            _share(
                "You took each pixel's mean. All three of its numbers must be above 250.",
                lambda picture: (picture.mean(axis=2) > 250).mean(),
            ),
            _share(
                "This is a count of pixels. A share is the count divided by all pixels.",
                lambda picture: _white(picture).all(axis=2).sum(),
            ),
            _share(
                "This is the share that is not white.",
                lambda picture: 1 - _white(picture).all(axis=2).mean(),
            ),
            _share(
                "This is in percent. A share goes from 0 to 1.",
                lambda picture: 100 * _white(picture).all(axis=2).mean(),
            ),
            _share(
                "You divided pixels by numbers, of which there are three a pixel.",
                lambda picture: _white(picture).all(axis=2).mean() / 3,
            ),
            Mistake(
                "A share is never above 1. Count white pixels, and divide by all pixels.",
                when=lambda got, picture: float(got) > 1,
            ),
            Mistake(
                "You looked at one of the three numbers. A pixel is white if all three are high.",
                when=lambda got, picture: np.isclose(got, _white(picture).mean(axis=(0, 1))).any(),
            ),
        ),
        hints=(
            "`picture > 250` has a True or a False for each number, three a pixel.",
            "`.all(axis=2)` makes one of three: True where all three of a pixel are True.",
            "The mean of Trues and Falses is a share: `(…).all(axis=2).mean()`.",
        ),
        solution="my_share = (picture > 250).all(axis=2).mean()",
        explains="About half of this picture is background, in the largest numbers there are.",
    ),
    Exercise(
        "01-3",
        goal=4,
        expected=_join,
        mistakes=(
            Mistake(
                "This is a dictionary. Its values are wanted, one for each row, in the order of `table`.",
                when=lambda got, table, rows: isinstance(got, dict),
            ),
            Mistake(
                "They are sorted by CID. Wanted is the order of `table`, whatever that is.",
                value=lambda table, rows: rows.sort_values("CID")["Closure"].to_list(),
            ),
            Mistake(
                "This is another column of the list. The closures are wanted.",
                when=lambda got, table, rows: any(
                    same(got, _join(table, rows, column))
                    for column in rows.columns.drop(["CID", "Closure"])
                ),
            ),
            Mistake(
                "These are in the list's order, so they stand beside the wrong pictures. "
                "Look each one up by its CID.",
                value=lambda table, rows: rows["Closure"].to_list(),
            ),
            Mistake(
                "All values are missing: nothing was found. The CID has a dash, not a dot, and the "
                "list must have the CID as its index before you look there.",
                when=lambda got, table, rows: np.size(got) > 0 and not _any_known(got),
            ),
            Mistake(
                "This is a table. One column is wanted, Closure.",
                when=lambda got, table, rows: np.ndim(got) == 2 and np.shape(got)[1] > 1,
            ),
            Mistake(
                "Some pictures are missing. Each of them needs a place, in the table's order.",
                when=lambda got, table, rows: 0 < len(got) < len(table),
            ),
        ),
        hints=(
            "What do table and list have in common? A column that names the picture: CID.",
            '`rows.set_index("CID")["Closure"]` is a dictionary of a kind: from CID to Closure.',
            '`table["CID"].map(…)` looks each CID up, in the table\'s order.',
        ),
        solution='my_closures = table["CID"].map(rows.set_index("CID")["Closure"])',
        explains="Each closure stands beside its own picture, in whatever order the list is.",
    ),
    Exercise(
        "01-4",
        goal=2,
        expected=lambda table: table.loc[_has_buckle(table), "Product"].nunique(),
        mistakes=(
            Mistake(
                "These are pictures. A product has three of them: count different products.",
                value=lambda table: _has_buckle(table).sum(),
            ),
            Mistake(
                "Do you take cells that are equal to Buckle? `Buckle;Zipper` has a buckle, too.",
                value=lambda table: table.loc[table["Closure"] == "Buckle", "Product"].nunique(),
            ),
            Mistake(
                "You took pictures, and only cells that hold Buckle alone. Two things to change.",
                value=lambda table: (table["Closure"] == "Buckle").sum(),
            ),
            Mistake(
                "You took cells that begin with Buckle. In `Zipper;Buckle` it stands second.",
                value=lambda table: table.loc[
                    table["Closure"].str.startswith("Buckle", na=False), "Product"
                ].nunique(),
            ),
            Mistake(
                "Nothing was found. Is it written as in the table, with a capital letter: Buckle?",
                when=lambda got, table: got == 0,
            ),
            Mistake(
                "You counted all products, with a buckle or without.",
                value=lambda table: table["Product"].nunique(),
            ),
            Mistake(
                "You counted ways of closing that have a buckle, not products.",
                value=lambda table: table.loc[_has_buckle(table), "Closure"].nunique(),
            ),
        ),
        hints=(
            "Two steps: which rows have a buckle, and how many different products are in them?",
            '`.str.contains("Buckle", na=False)` finds it in cells with several values, too.',
            'Take `joined[joined["Closure"].str.contains("Buckle", na=False)]`, and of its column '
            "`Product` the number of different values, `.nunique()`.",
        ),
        solution="""
with_buckle = joined[joined["Closure"].str.contains("Buckle", na=False)]
my_count = with_buckle["Product"].nunique()
""",
        explains="Products, not pictures: each is counted once, in however many colours it comes.",
    ),
)


def _any_known(values):
    return any(isinstance(value, str) for value in np.ravel(np.asarray(values, object)))


QUESTIONS = (
    Question(
        "01-a",
        goal=2,
        text=(
            "There are 18 pictures of slipper heels, three of each product. A customer looks at "
            "one. How many other products of this kind can you recommend?"
        ),
        options=(
            Option("17", "These are the other pictures. Two of them are the same product again."),
            Option("15", "These are pictures of other products. Each product has three of them."),
            Option("5", "18 pictures are 6 products. One of them is being looked at.", right=True),
            Option("6", "There are 6 products, but the customer looks at one of them already."),
        ),
    ),
    Question(
        "01-b",
        goal=3,
        text="The background is white. What does a program get from it?",
        options=(
            Option(
                "Nothing: the background is not stored.",
                "A JPEG file has no outline. It holds a colour for each pixel, also around the shoe.",
            ),
            Option(
                "Numbers, as from any other pixel: the largest ones.",
                "White is 255, 255, 255. So another background changes most of the numbers.",
                right=True,
            ),
            Option("Zeros, which change nothing.", "Zero is black. White is the largest, 255."),
        ),
    ),
    Question(
        "01-c",
        goal=4,
        text=(
            "A folder has 93 pictures, and the list has 81 rows. You call `table.merge(rows, "
            'on="CID")`. What do you get?'
        ),
        options=(
            Option(
                "An error: the lengths differ.",
                "Only joining by order needs equal lengths. `merge` compares keys.",
            ),
            Option(
                "93 rows; some have missing values.",
                'So it is with `how="left"`. Without it, `merge` keeps only what is in both.',
            ),
            Option(
                "174 rows.",
                "That is one below the other, as `concat` does. `merge` puts side by side.",
            ),
            Option(
                "At most 81 rows; pictures without a row are gone.",
                'And nothing warns you. `how="left"` keeps them. (We take it that each CID occurs once.)',
                right=True,
            ),
        ),
    ),
    Question(
        "01-d",
        goal=5,
        text="A file is called `letter.jpg`. What does the name say about its content?",
        options=(
            Option(
                "Nothing for certain: it has to be opened.",
                "A name can be changed, the content stays. `check()` opens each file.",
                right=True,
            ),
            Option(
                "It is a JPEG.",
                "This one is a text. A suffix is a part of the name, and nobody checks it.",
            ),
            Option(
                "It is a picture, maybe in another format.",
                "A PNG may be called .jpg, that is true. But a text may be, too, as here.",
            ),
        ),
    ),
)
