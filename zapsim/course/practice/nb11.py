"""11 · Beyond one machine: what is practised, right answers, and what is behind wrong ones."""

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "compute how much memory vectors take, and see when one machine is too small",
    "spread extraction over workers, and say what happens when one of them dies",
    "measure the recall of an approximate search, and turn the knob that pays for it",
    "estimate hours and dollars for a catalogue of millions",
)

_SIZES = [(1_000_000, 2048, 4), (1_000_000, 256, 2), (50_025, 2048, 2)]
_FOUND = [("abcd", "abxde"), ("abc", "cba"), ("ab", "xyz")]
_JOBS = [(2_000_000, 100, 16), (360_000, 50, 2)]


def _gigabytes(answer):
    return [answer(*size) for size in _SIZES]


def _recalls(answer):
    return [answer(list(found), list(wanted)) for found, wanted in _FOUND]


def _hours(answer):
    return [answer(*job) for job in _JOBS]


EXERCISES = (
    Exercise(
        "11-1",
        goal=1,
        call=_gigabytes,
        expected=lambda: [n * f * b / 1e9 for n, f, b in _SIZES],
        mistakes=(
            Mistake(
                "That is in bytes. A gigabyte is 10⁹ of them: divide.",
                value=lambda: [n * f * b for n, f, b in _SIZES],
            ),
            Mistake(
                "This grows with n². A matrix has a score for each pair; here each item has one vector.",
                value=lambda: [n**2 * b / 1e9 for n, f, b in _SIZES],
            ),
            Mistake(
                "The bytes of a number are missing: float32 takes 4, float16 takes 2.",
                value=lambda: [n * f / 1e9 for n, f, b in _SIZES],
            ),
            Mistake(
                "You took 1 GB as 1024³ bytes. Here it is 10⁹ bytes.",
                value=lambda: [n * f * b / 1024**3 for n, f, b in _SIZES],
            ),
        ),
        hints=(
            "How many numbers are there in all, and how many bytes does each take?",
            "Numbers: `n_items * n_features`. A gigabyte is `1e9` bytes.",
            "`return n_items * n_features * bytes_each / 1e9`",
        ),
        solution='''
def my_gigabytes(n_items, n_features, bytes_each):
    """Return how many gigabytes the vectors take (float)."""
    return n_items * n_features * bytes_each / 1e9
''',
        explains="A million shoes take 8 GB as they are, and half a gigabyte with 256 float16.",
    ),
    Exercise(
        "11-2",
        goal=3,
        call=_recalls,
        expected=lambda: [0.6, 1.0, 0.0],
        mistakes=(
            Mistake(
                "You compared place by place. Order does not count here: what matters is who was found.",
                value=lambda: [
                    sum(a == b for a, b in zip(*pair, strict=False)) / len(pair[1])
                    for pair in _FOUND
                ],
            ),
            Mistake(
                "This counts how many were found. Recall is a share: divide by how many are wanted.",
                value=lambda: [len({*found} & {*wanted}) for found, wanted in _FOUND],
            ),
            Mistake(
                "This is the share that was missed. Recall is the share that was found.",
                value=lambda: [0.4, 0.0, 1.0],
            ),
            Mistake(
                "You divided by how many were found. Recall asks: of the wanted ones, how many?",
                value=lambda: [len({*found} & {*wanted}) / len(found) for found, wanted in _FOUND],
            ),
            Mistake(
                "You divided by both lists together. Only the wanted ones count.",
                value=lambda: [
                    len({*found} & {*wanted}) / len({*found} | {*wanted})
                    for found, wanted in _FOUND
                ],
            ),
        ),
        hints=(
            "Who is in both lists?",
            "`set(found) & set(wanted)` holds those in both.",
            "`return len(set(found) & set(wanted)) / len(wanted)`",
        ),
        solution='''
def my_recall(found, wanted):
    """Return the share of the wanted items that were found (float)."""
    return len(set(found) & set(wanted)) / len(wanted)
''',
        explains="1 is what exact search reaches.",
    ),
    Exercise(
        "11-3",
        goal=4,
        call=_hours,
        expected=lambda: [n / (rate * cores) / 3600 for n, rate, cores in _JOBS],
        mistakes=(
            Mistake(
                "That is in seconds. An hour has 3,600 of them.",
                value=lambda: [n / (rate * cores) for n, rate, cores in _JOBS],
            ),
            Mistake(
                "That is in minutes. An hour has 3,600 seconds.",
                value=lambda: [n / (rate * cores) / 60 for n, rate, cores in _JOBS],
            ),
            Mistake(
                "More cores take longer here. They share the work: multiply the rate by them.",
                value=lambda: [n / rate * cores / 3600 for n, rate, cores in _JOBS],
            ),
            Mistake(
                "The cores are missing: this is what one of them would take.",
                value=lambda: [n / rate / 3600 for n, rate, cores in _JOBS],
            ),
        ),
        hints=(
            "How many pictures do all cores do together in one second?",
            "`rate * n_cores` pictures a second, `3600` seconds an hour.",
            "`return n_items / (rate * n_cores) / 3600`",
        ),
        solution='''
def my_hours(n_items, rate, n_cores):
    """Return the hours of extraction (float); `rate` is in pictures a second and core."""
    return n_items / (rate * n_cores) / 3600
''',
        explains="Twice the cores take half the hours, and cost the same.",
    ),
)

QUESTIONS = (
    Question(
        "11-a",
        goal=2,
        text="One of four workers' machines dies in the middle of the extraction. What is lost?",
        options=(
            Option("All that it did so far.", "What came back is in the store by then."),
            Option(
                "Nothing: what had not come back is done again by the others.",
                "The store is on the machine that called. Whatever is missing in it is handed out again.",
                right=True,
            ),
            Option(
                "The run: all four have to start again.",
                "The other three go on. And even a new run starts from what the store has.",
            ),
        ),
    ),
    Question(
        "11-b",
        goal=3,
        text="An index reaches recall@10 of 0.95, and scores what it finds exactly. What may a "
        "customer see?",
        options=(
            Option(
                "Scores that are 5 % too low.",
                "Scores are exact. What can be missing is an item.",
            ),
            Option(
                "Wrong neighbours on one page of twenty.",
                "Nothing wrong is shown: all scores are true, and in order.",
            ),
            Option(
                "The same shoe twice.",
                "Each item is in the index once.",
            ),
            Option(
                "Now and then the 11th nearest, because one of the ten was not found.",
                "One in twenty of the true ten is missed, and the next one takes its place.",
                right=True,
            ),
        ),
    ),
    Question(
        "11-c",
        goal=3,
        text="A filter leaves one item in 10,000. Why not search first, and filter the 100 nearest?",
        options=(
            Option(
                "Most often none of the 100 would be left.",
                "On average 0.01 of the 100 passes. So the filter comes first.",
                right=True,
            ),
            Option(
                "It would be slower.",
                "It would be fast, and nearly always empty.",
            ),
            Option(
                "Scores would change.",
                "The score of a pair does not depend on filters.",
            ),
        ),
    ),
)
