"""00 · The whole story: what is practised, right answers, and what is behind wrong ones."""

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "ask for the neighbours of any item, and read the answer",
    "say what a score is, and what it is not",
    "say what such a recommender knows about its pictures, and what not",
)


def _keys(predictor, keys, place=0, k=6, **options):
    return list(predictor.similar(keys[place], k=k, **options)["key"])


EXERCISES = (
    Exercise(
        "00-1",
        goal=1,
        expected=_keys,
        mistakes=(
            Mistake(
                'This is the whole table, and the right one. Only its column is wanted: ["key"].',
                when=lambda got, *given: list(got["key"]) == _keys(*given),
            ),
            Mistake(
                "The item is right, the number of neighbours is not. Six are wanted: k=6.",
                when=lambda got, *given: list(got) == _keys(*given, k=len(got)),
            ),
            Mistake(
                "These are the second item's neighbours. Python counts from 0: keys[0].",
                value=lambda *given: _keys(*given, place=1),
            ),
            Mistake(
                "These are the last item's neighbours. The first one is keys[0].",
                value=lambda *given: _keys(*given, place=-1),
            ),
            Mistake(
                "You hid the other colours of the same shoe. Here they count as well.",
                value=lambda *given: _keys(*given, hide_colourways=True),
            ),
        ),
        hints=(
            "The line that is given asks the same of another item. What is different here?",
            "The first key is `keys[0]`, the number of neighbours is `k=6`.",
            "Take the column `key` of `predictor.similar(keys[0], k=6)`.",
        ),
        solution="""
keys = catalogue.keys
my_neighbours = predictor.similar(keys[0], k=6)["key"]
""",
        explains="You can ask this of every item now.",
    ),
)

QUESTIONS = (
    Question(
        "00-a",
        goal=3,
        text="Why does the program find boots for a boot?",
        options=(
            Option(
                "It reads the category off the path.",
                "No path and no list went into the vectors. You could give the files any names.",
            ),
            Option(
                "The pictures' vectors point in nearly the same direction.",
                "That is all it compares. Whether a thing is a boot it does not know.",
                right=True,
            ),
            Option(
                "It has learned what a boot is from these 615 pictures.",
                "It has learned nothing from them. The network was trained before, on other photos.",
            ),
            Option(
                "Many customers bought them together.",
                "No customer occurs here. That would be another kind of recommender.",
            ),
        ),
    ),
    Question(
        "00-b",
        goal=2,
        text="A neighbour has the score 0.8. What does that say?",
        options=(
            Option(
                "The two shoes are 80 % alike.",
                "A score is no percentage. Here two shoes taken at random have 0.8 on average.",
            ),
            Option(
                "It is the right answer with a probability of 80 %.",
                "A score is no probability. It says how near the directions of two vectors are.",
            ),
            Option(
                "Little by itself. Compare it with the scores of other pairs.",
                "In one catalogue 0.8 may be much, and in another it may be little.",
                right=True,
            ),
        ),
    ),
)
