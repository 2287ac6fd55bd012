"""02 · Open the network: what is practised, right answers, and what is behind wrong ones."""

import numpy as np

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question
from zapsim.vgg16.network import feature_vectors, outputs_of, preprocessed

GOALS = (
    "slide a small kernel over a picture by hand, and say what its map shows",
    "read a drawing of VGG16: layers, channels, pools",
    "say where a network's weights come from",
    "prepare a picture as VGG16 was trained, and say what happens if you forget",
    "cut VGG16 in plain Keras, turn its maps into a feature vector, and say why the cut is in the middle",
)

_STRIPE = np.array([[9, 9, 1, 1, 9]] * 5)
_MAPS = [
    np.array([[1, 5, 2, 0], [3, 4, 8, 1], [0, 0, 7, 6], [9, 2, 1, 3]]),
    np.array([[2, 1, 0, 6, 3, 3], [4, 0, 5, 1, 0, 2]]),
]
_PICTURE = np.array([[[255, 0, 0], [0, 255, 0]], [[10, 20, 200], [90, 60, 30]]], np.uint8)
_MEANS = np.array([103.939, 116.779, 123.68])
_CUTS = ("block3_pool", "block5_pool")
_PREDICTED = [16, 256, 1024]


def _edges(patch):
    return 3 * (patch[0, 2:] - patch[0, :-2])


def _cells(values):
    height, width = values.shape
    return values.reshape(height // 2, 2, width // 2, 2)


def _pools(how):
    return lambda: [how(values) for values in _MAPS]


def _vectors(grid, power):
    def of_each(prediction, vgg, ready):
        outputs = outputs_of(vgg, _CUTS)(ready)
        return [feature_vectors(np.asarray(maps), grid, power)[0] for maps in outputs]

    return of_each


def _same_vectors(got, expected):
    return all(
        np.shape(mine) == each.shape and np.allclose(mine, each, atol=1e-3 * each.max())
        for mine, each in zip(got[1:], expected, strict=True)
    )


def _cut(says, grid=2, power=0.5):
    """Return the mistake of another grid or power, whatever was predicted."""
    return Mistake(says, when=lambda got, *given: _same_vectors(got, _vectors(grid, power)(*given)))


def _predicted(says, when):
    """Return a mistake in what was predicted: it is told only where the vectors are right."""
    return Mistake(
        says,
        when=lambda got, *given: (
            _same_vectors(got, _vectors(2, 0.5)(*given)) and when(list(np.ravel(got[0])))
        ),
    )


def _try_cuts(answer, prediction, vgg, ready):
    vectors = [answer(layer) for layer in _CUTS]
    return None if any(each is None for each in vectors) else [prediction, *vectors]


EXERCISES = (
    Exercise(
        "02-1",
        goal=1,
        expected=lambda: _edges(_STRIPE),
        mistakes=(
            Mistake(
                "You left out the signs. Where it gets darker to the right, the sum is negative.",
                value=lambda: np.abs(_edges(_STRIPE)),
            ),
            Mistake(
                "The signs are turned round. The left column counts −1, the right one +1.",
                value=lambda: -_edges(_STRIPE),
            ),
            Mistake(
                "This is one row of the kernel only. It has three rows: add up all nine products.",
                value=lambda: _edges(_STRIPE) / 3,
            ),
            Mistake(
                "You averaged the nine products. A convolution adds them up.",
                value=lambda: _edges(_STRIPE) / 9,
            ),
            Mistake(
                "Those are five numbers. A 3×3 kernel has only three places in a row of five.",
                when=lambda got: len(got) == 5,
            ),
            Mistake(
                "You set the negative sums to 0. That comes later, and has a name of its own.",
                value=lambda: np.maximum(_edges(_STRIPE), 0),
            ),
        ),
        hints=(
            "Lay the kernel over the three columns on the left. The middle column counts 0.",
            "Each row gives right minus left. There are three equal rows.",
            "The first sum is 3 × (1 − 9). Move one column to the right, twice.",
        ),
        solution="my_row = [3 * (1 - 9), 3 * (1 - 9), 3 * (9 - 1)]",
        explains="Darker to the right is negative, brighter to the right is positive.",
    ),
    Exercise(
        "02-2",
        goal=2,
        call=lambda answer: [answer(values.copy()) for values in _MAPS],
        expected=_pools(lambda values: _cells(values).max(axis=(1, 3))),
        mistakes=(
            Mistake(
                "This is the mean of each cell. VGG16's pools keep the largest number.",
                value=_pools(lambda values: _cells(values).mean(axis=(1, 3))),
            ),
            Mistake(
                "You took the upper left number of each cell. The other three may be larger.",
                value=_pools(lambda values: values[::2, ::2]),
            ),
            Mistake(
                "The cells overlap: you moved by one. A pool moves by two, so the map gets half as large.",
                when=lambda got: np.shape(got[0]) == (3, 3),
            ),
            Mistake(
                "The maximum was taken over other axes than those within a cell: 1 and 3.",
                when=lambda got: any(
                    np.array_equal(got[0], _cells(_MAPS[0]).max(axis=axes))
                    for axes in [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]
                ),
            ),
            Mistake(
                "This is one number for the whole map. Each 2×2 cell keeps its own.",
                value=_pools(np.max),
            ),
        ),
        hints=(
            "Height and width become half as large. What is kept of each 2×2 cell?",
            "`values.reshape(height // 2, 2, width // 2, 2)` has an axis for each: row of cells, row in the cell, column of cells, column in the cell.",
            "`height, width = values.shape`, then that reshape, then `.max(axis=(1, 3))`.",
        ),
        solution='''
def my_pool(values):
    """Return the largest number of each 2×2 cell (array of half the height and width)."""
    height, width = values.shape
    return values.reshape(height // 2, 2, width // 2, 2).max(axis=(1, 3))
''',
        explains="A pool has no weights: there is nothing to learn in it.",
    ),
    Exercise(
        "02-3",
        goal=4,
        call=lambda answer: answer(_PICTURE.copy()),
        expected=lambda: preprocessed(_PICTURE),
        mistakes=(
            Mistake(
                "The means were taken away before the order was changed. So red lost blue's mean.",
                value=lambda: (_PICTURE - _MEANS)[..., ::-1],
            ),
            Mistake(
                "This is still red-green-blue. VGG16 was trained on blue-green-red.",
                value=lambda: _PICTURE - _MEANS[::-1],
            ),
            Mistake(
                "Red is still first, but lost blue's mean. Turn the last axis round before you subtract.",
                value=lambda: _PICTURE - _MEANS,
            ),
            Mistake(
                "The order is right now, but the means are still in there.",
                value=lambda: _PICTURE[..., ::-1],
            ),
            Mistake(
                "You turned the picture upside down. `[::-1]` takes the first axis, the rows.",
                value=lambda: _PICTURE[::-1] - _MEANS,
            ),
            Mistake(
                "You scaled to [0, 1]. Many networks want that, VGG16 does not.",
                when=lambda got: np.ptp(got) <= 2,
            ),
        ),
        hints=(
            "Both steps are right. Only their order is not.",
            "`rgb[..., ::-1]` turns the last axis round: red-green-blue becomes blue-green-red.",
            "Turn round first: `rgb[..., ::-1]`. Then take `[103.939, 116.779, 123.68]` away.",
        ),
        solution='''
def my_preprocess(rgb):
    """Return a picture (height, width, 3) in blue-green-red, less the means."""
    return rgb[..., ::-1] - [103.939, 116.779, 123.68]
''',
        explains="Order first, means second.",
    ),
    Exercise(
        "02-4",
        goal=5,
        call=_try_cuts,
        expected=lambda *given: [_PREDICTED, *_vectors(2, 0.5)(*given)],
        mistakes=(
            _predicted(
                "Your function is right. Now write your prediction, a list of three numbers.",
                lambda said: said == [...],
            ),
            _predicted(
                "Your function is right. But the side is not: 128 pixels are halved three times by then.",
                lambda said: said[0] != _PREDICTED[0],
            ),
            _predicted(
                "Your function is right. But look at the drawing again: how many maps has block 3?",
                lambda said: said[1] != _PREDICTED[1],
            ),
            _predicted(
                "Your function is right. But the 2×2 grid keeps four numbers a map, however large the map is.",
                lambda said: said[2] != _PREDICTED[2],
            ),
            _cut("These are the averages. Take the square root of each.", power=1),
            _cut("This is one average a map. A 2×2 grid keeps four.", grid=1),
            _cut("These are whole maps. Average each over a 2×2 grid.", grid="flat"),
            Mistake(
                "All layers give the same number of features. Do you use `layer`, or always block4_pool?",
                when=lambda got, *given: {np.size(each) for each in got[1:]} == {2048},
            ),
            Mistake(
                "The number of features is right, but not the shape. `.ravel()` makes one row of them.",
                when=lambda got, *given: (
                    [np.size(each) for each in got[1:]] == [1024, 2048] and np.ndim(got[1]) > 1
                ),
            ),
        ),
        hints=(
            "Take the cells from above, and write `layer` where `block4_pool` stood.",
            "The maps are of another size now. `side, _, channels = maps.shape`, and a cell of the grid is `side // 2` wide.",
            "`maps.reshape(2, side // 2, 2, side // 2, channels).mean(axis=(1, 3))`, then `np.sqrt(….ravel())`.",
        ),
        solution='''
my_prediction = [16, 256, 1024]


def my_vector(layer):
    """Return the boot's vector, cut at a layer: 2×2 averages of its maps, then roots."""
    other = keras.Model(vgg.input, vgg.get_layer(layer).output)
    maps = np.array(other(ready))[0]
    side, _, channels = maps.shape
    averages = maps.reshape(2, side // 2, 2, side // 2, channels).mean(axis=(1, 3))
    return np.sqrt(averages.ravel())
''',
        explains="Earlier: larger maps, but fewer of them. Only their number counts here.",
    ),
)

QUESTIONS = (
    Question(
        "02-a",
        goal=2,
        text="What is channel 200 after `block4_pool`?",
        options=(
            Option(
                "A shade of red, green or blue.",
                "Only the picture's own three channels are colours. Every layer makes new ones.",
            ),
            Option(
                "Pixel 200 of the picture.",
                "Places are rows and columns of a map. A channel is a whole map.",
            ),
            Option(
                "A map: where in the picture kernel 200 found its pattern.",
                "Each kernel of block 4's last convolution fills one map, and that map is a channel.",
                right=True,
            ),
            Option(
                "A part of a shoe, such as the heel.",
                "It may react to heels, but nobody told it to. It has a number, no meaning by design.",
            ),
        ),
    ),
    Question(
        "02-b",
        goal=3,
        text="Who chose the numbers in VGG16's kernels?",
        options=(
            Option(
                "Nobody: training changed random numbers until the verdicts got better.",
                "People chose how many kernels, and how large. The numbers were found by training.",
                right=True,
            ),
            Option(
                "Experts in photography, as for a sharpening filter.",
                "So it is in a photo program. Here people chose only the number of kernels and their size.",
            ),
            Option(
                "Our boot: they adapt to the picture that goes in.",
                "The maps change with the picture. The kernels are the same for each one.",
            ),
            Option(
                "zapsim, to suit shoes.",
                "The weights are those trained on ImageNet. zapsim only ships them in a smaller file.",
            ),
        ),
    ),
    Question(
        "02-c",
        goal=4,
        text="You forget `preprocess_input` and give the picture as it is, in red-green-blue. What happens?",
        options=(
            Option(
                "Keras raises an error.",
                "The shape is right, and Keras checks no more. That is what makes it dangerous.",
            ),
            Option(
                "Nothing: the network learned to cope with any order.",
                "Its kernels learned blue-green-red only. Red now goes where blue was in training.",
            ),
            Option(
                "All features become 0.",
                "Many become other numbers, few become 0. They look quite normal.",
            ),
            Option(
                "A vector comes out, of the same length, with other numbers.",
                "Nothing complains. You would see it only beside vectors that were made properly.",
                right=True,
            ),
        ),
    ),
    Question(
        "02-d",
        goal=5,
        text="A Keras model also has `predict`, which runs it batch by batch. What does `cut.predict(ready)` give?",
        options=(
            Option(
                "The name of the class, since VGG16 was trained to name.",
                "The layers that name are cut off, and `predict` is only a word.",
            ),
            Option(
                "The 512 maps of the layer where we cut.",
                "`predict` gives what the model's last layer gives, whatever that is.",
                right=True,
            ),
            Option(
                "1,000 probabilities.",
                "That is what the whole VGG16 gives. We cut long before.",
            ),
        ),
    ),
    Question(
        "02-e",
        goal=5,
        text="Why do we cut in the middle, at `block4_pool`?",
        options=(
            Option(
                "Deeper is always better, but block 5 needs more memory.",
                "Block 5 is there and fits. But its maps are nearer to the thousand names, and coarser.",
            ),
            Option(
                "Behind it, features may be negative.",
                "A ReLU ends each convolution, in block 5, too. No feature is negative there either.",
            ),
            Option(
                "Before it there are only edges, behind it the thousand names begin to count.",
                "In the middle are textures and parts, which shoes share without having the same name.",
                right=True,
            ),
            Option(
                "It is the only layer that `get_layer` can reach.",
                "`get_layer` reaches every layer by its name. Where to cut is our choice.",
            ),
        ),
    ),
)
