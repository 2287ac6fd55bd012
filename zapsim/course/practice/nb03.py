"""03 · Extract features: what is practised, right answers, and what is behind wrong ones."""

import numpy as np

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "turn pictures into feature vectors in plain Keras, batch after batch",
    "keep vectors in a cache, and say when one of them is out of date",
    "choose where to cut by measuring it",
    "find and mend mistakes that raise no error",
    "say what 8-bit numbers save, and what they cost",
)

# One kept, one changed, one new, one deleted; nothing kept yet; nothing to do.
_RUNS = (
    ({"a": "1f", "b": "2e", "c": "3d"}, {"a": "1f", "b": "99", "d": "4c"}),
    ({"a": "1f", "b": "2e"}, {}),
    ({"a": "1f"}, {"a": "1f"}),
)
# b cannot be read.
_PICTURES = {"a": 1, "b": None, "c": 3, "d": 4}


def _to_do(answer):
    runs = [answer(dict(files), dict(cached)) for files, cached in _RUNS]
    return [None if keys is None else list(keys) for keys in runs]


def _vectors(answer):
    vectors = answer(list(_PICTURES), _PICTURES.get, lambda picture: np.full(2, float(picture)))
    if vectors is None:
        return None
    keys = sorted(vectors.keys())
    values = ([np.nan] if vectors[key] is None else vectors[key] for key in keys)
    return [keys, [float(np.mean(value)) for value in values]]


def _by(rule):
    return lambda: [[key for key in files if rule(key, files, kept)] for files, kept in _RUNS]


EXERCISES = (
    Exercise(
        "03-1",
        goal=1,
        expected=lambda: (20, 7),
        mistakes=(
            Mistake(
                "These are the full batches only. The last 7 pictures would have no vectors.",
                value=lambda: (19, 32),
            ),
            Mistake(
                "There are 20 batches, but the last one is not full: how many are left after 19?",
                value=lambda: (20, 32),
            ),
            Mistake(
                "7 are left over, right. But they are a batch, too: count it.",
                value=lambda: (19, 7),
            ),
            Mistake(
                "There is no part of a batch: 19 full ones, and a smaller one for what is left.",
                when=lambda got: 19 < float(got[0]) < 20,
            ),
            Mistake("The other way round: the number of batches first.", value=lambda: (7, 20)),
        ),
        hints=(
            "24 pictures in batches of 10 gave 10, 10 and 4.",
            "`615 // 32` is the number of full batches, `615 % 32` what is left over.",
            "19 full batches take 608 pictures. What is left over is one more batch.",
        ),
        solution="my_batches = (20, 7)",
        explains="19 batches of 32 are 608 pictures, and the last batch takes the other 7.",
    ),
    Exercise(
        "03-2",
        goal=2,
        call=_to_do,
        ordered=False,
        expected=_by(lambda key, files, kept: kept.get(key) != files[key]),
        mistakes=(
            Mistake(
                "New pictures are found, changed ones are not. A changed picture has its old key, "
                "so you would give out its old vector. Compare the fingerprints.",
                value=_by(lambda key, files, kept: key not in kept),
            ),
            Mistake(
                "Changed pictures are found, but new ones are not: they are not in `cached` at all.",
                value=_by(lambda key, files, kept: kept.get(key, files[key]) != files[key]),
            ),
            Mistake(
                "That computes everything again. A picture whose fingerprint is the same can be "
                "left out.",
                value=_by(lambda key, files, kept: True),
            ),
            Mistake(
                "These are the ones that need no work. You want the others.",
                value=_by(lambda key, files, kept: kept.get(key) == files[key]),
            ),
            Mistake(
                "A picture that was deleted is among yours. It is in `cached`, but no longer in "
                "`files`: there is nothing to compute.",
                when=lambda got: "d" in got[0],
            ),
        ),
        hints=(
            "Two kinds of pictures have to be computed: new ones and changed ones.",
            "`cached.get(key)` gives the old fingerprint, or None for a key that is not there.",
            "Return a list of each `key` in `files` where `cached.get(key)` differs from "
            "`files[key]`.",
        ),
        solution='''
def my_to_do(files, cached):
    """Return the keys whose vectors have to be computed (list)."""
    return [key for key in files if cached.get(key) != files[key]]
''',
        explains="A vector is valid only for the file that it was made from.",
    ),
    Exercise(
        "03-3",
        goal=4,
        call=_vectors,
        expected=lambda: [["a", "c", "d"], [1.0, 3, 4]],
        mistakes=(
            Mistake(
                "The mistake is still there: from the unreadable b on, each key has the vector of the "
                "next picture, and d has none.",
                value=lambda: [["a", "b", "c"], [1.0, 3, 4]],
            ),
            Mistake(
                "You stop at the picture that cannot be read. Those after it are lost.",
                value=lambda: [["a"], [1.0]],
            ),
            Mistake(
                "The unreadable b has an entry, too. A vector that is made up has neighbours like "
                "any other. Leave the key out.",
                when=lambda got: got[0] == ["a", "b", "c", "d"],
            ),
        ),
        hints=(
            "Which key does `zip` give to the first vector after an unreadable picture?",
            "Keep each vector together with its key at the moment when it is computed.",
            "Begin with `vectors = {}`, and in the loop write `vectors[key] = vector_of(picture)`.",
        ),
        solution='''
def my_vectors(keys, read, vector_of):
    """Return the vectors of the pictures that can be read (dict by key)."""
    vectors = {}
    for key in keys:
        picture = read(key)
        if picture is not None:
            vectors[key] = vector_of(picture)
    return vectors
''',
        explains="Key and vector stay together, so nothing can slip.",
    ),
)

QUESTIONS = (
    Question(
        "03-a",
        goal=1,
        text="You extract the same pictures again, 8 at a time instead of 10. What happens to "
        "their vectors?",
        options=(
            Option(
                "They change, because the averages go over fewer pictures.",
                "The averages go over places of one picture's map, never over several pictures.",
            ),
            Option(
                "They get worse, because the network learns from fewer pictures.",
                "Nothing is learned here. The weights stay as they were loaded.",
            ),
            Option(
                "They stay the same, up to tiny rounding.",
                "Each picture goes through the network by itself. A batch only saves time.",
                right=True,
            ),
            Option(
                "There are fewer of them, as the last pictures don't fill a batch.",
                "The slice takes what is left, so the last batch may be smaller.",
            ),
        ),
    ),
    Question(
        "03-b",
        goal=3,
        text="Which sentence does the table of cuts support?",
        options=(
            Option(
                "A longer vector is better.",
                "The longest one has 32,768 numbers, and all shorter ones do better. What the "
                "numbers say matters more than how many there are.",
            ),
            Option(
                "A deeper cut is better.",
                "That is true up to block 4. Block 5 is deeper, and finds fewer right neighbours.",
            ),
            Option(
                "`block4_pool` is best for all pictures.",
                "The table speaks of these 300 pictures at 64×64. For yours, measure again.",
            ),
            Option(
                "For these pictures, 2,048 numbers of block 4 are better than 32,768 of block 2.",
                "Block 2 says which edges are where. Block 4 is closer to the parts of a shoe.",
                right=True,
            ),
        ),
    ),
    Question(
        "03-c",
        goal=4,
        text="A photo is 136 pixels wide and 102 high. The catalogue was padded to squares. A "
        "friend stretches the photo to a square. What comes out?",
        options=(
            Option(
                "Another vector, without any error.",
                "The shoe is now a third taller. Its edges have other directions, so other maps "
                "react.",
                right=True,
            ),
            Option(
                "The same vector, because it is the same shoe.",
                "The network knows nothing of the shoe. It sees pixels, and they have changed.",
            ),
            Option(
                "An error, because the shape is wrong.",
                "The shape is right: a square of the same size. Only the content is stretched.",
            ),
        ),
    ),
    Question(
        "03-d",
        goal=5,
        text="The network computes in 8 bits instead of 32. What is lost?",
        options=(
            Option(
                "Three quarters of the quality.",
                "Bits are not quality. Precision at 5 was the same to two digits.",
            ),
            Option(
                "Some digits of each number. The neighbours are nearly the same.",
                "Rounding errors are small, and in a sum of many numbers they mostly cancel out.",
                right=True,
            ),
            Option(
                "Three quarters of the features.",
                "The vector has 2,048 numbers as before. Each was computed with fewer digits.",
            ),
            Option(
                "Nothing: the vectors are equal.",
                "Nearly. The scores between the two are just below 1, so some digits differ.",
            ),
        ),
    ),
)
