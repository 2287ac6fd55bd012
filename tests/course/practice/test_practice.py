"""All exercises and questions: complete, each for one of its notebook's goals, and well formed."""

import re
from collections import Counter

import pytest

from tools import build_notebooks as builder
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise, find_question, numbers, practice_of
from zapsim.course.question import explanation

PRACTICE = {number: practice_of(number) for number in numbers()}
EXERCISES = [e for practice in PRACTICE.values() for e in practice.EXERCISES]
QUESTIONS = [q for practice in PRACTICE.values() for q in practice.QUESTIONS]
SOURCES = {path.stem[:2]: path for path in (builder.NOTEBOOKS / "src").glob("*.py")}


def test_there_is_enough_to_do():
    assert len(EXERCISES) >= 30
    assert len(QUESTIONS) >= 30
    for number in ("01", "02", "03", "04", "05", "06", "07"):
        assert len(PRACTICE[number].EXERCISES) >= 3, number


@pytest.mark.parametrize("number", PRACTICE)
def test_its_notebook_uses_each_of_them_once_and_in_order(number):
    text = SOURCES[number].read_text(encoding="utf-8")
    practice = PRACTICE[number]
    assert re.findall(r'^check\("([^"]+)"', text, re.MULTILINE) == [
        exercise.name for exercise in practice.EXERCISES
    ]
    assert re.findall(r'^question\("([^"]+)"', text, re.MULTILINE) == [
        question.name for question in practice.QUESTIONS
    ]
    assert f'goals("{number}")' in text
    assert builder.GOALS in text


@pytest.mark.parametrize("number", PRACTICE)
def test_each_goal_is_practised(number):
    practice = PRACTICE[number]
    assert 3 <= len(practice.GOALS) <= 5
    tasks = [*practice.EXERCISES, *practice.QUESTIONS]
    assert {task.goal for task in tasks} == set(range(1, len(practice.GOALS) + 1))


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_an_exercise_is_complete(exercise):
    assert find_exercise(exercise.name) is exercise
    assert len(exercise.hints) == 3
    assert exercise.solution.strip()
    assert "check(" not in exercise.solution
    assert bool(exercise.ideas) is not bool(exercise.expected)
    said = [mistake.says for mistake in exercise.mistakes]
    # No words are called wrong.
    assert not said if exercise.ideas else len(set(said)) == len(said) >= 3


WORDS = {
    "05-4": [
        "Four of the five (80 %) are close to only one of the two shoes, none is close to both.",
        "Either the slipper or the boot. Items close to both are missing.",
    ],
    "06-4": ["Keep it in a plain Python object, not in the label. The label displays it."],
    "07-3": [
        "Of five neighbours, 88 % carry its label. It does not mean that a customer likes them.",
        "Of five, 88 % share the kind. It says little about what customers want, only of labels.",
    ],
    "08-3": ["It may be luck. Test on new products before claiming that it is clearly better."],
    "09-2": [
        "Orange adds to the score. It is wrong to say the model looks at the heel: not shown."
    ],
}
SAID = [
    "Each of the five is a mix, and everyone gets one that resembles both.",
    "The label is the best place for the variable: it shows it.",
    "Of 5 shoes, 88 % of customers were happy with the kind, no others.",
    "It is clearly better, no luck needed; use it for new products.",
    "The map proves that the network looks at the white, which is alike.",
    "one common slipper",
    "probably 80 %",
    "asdf qwer asdf qwer asdf qwer",
]


@pytest.mark.parametrize("exercise", [e for e in EXERCISES if e.ideas], ids=lambda e: e.name)
def test_words_are_called_neither_wrong_nor_right(exercise):
    for words in [*WORDS[exercise.name], *SAID]:
        verdict = judge(exercise, words)
        assert verdict.state in ("found", "open"), words
    assert verdict.state == "open"
    for idea in exercise.ideas:
        assert idea in verdict.says
    for empty in ("", " ", "...", "five", ...):
        assert judge(exercise, empty).state == "open"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_has_one_right_option_and_explains_all(question):
    assert find_question(question.name) is question
    assert 3 <= len(question.options) <= 4
    assert sum(option.right for option in question.options) == 1
    said = [explanation(question, letter)[1][3:] for letter in question.letters]
    assert len(set(said)) == len(said)
    assert all(len(words) > 20 for words in said)


def test_the_right_option_is_not_always_at_the_same_place():
    places = Counter([o.right for o in q.options].index(True) for q in QUESTIONS)
    assert max(places.values()) < len(QUESTIONS) / 2


def test_names_that_do_not_exist_are_answered_with_those_that_do():
    with pytest.raises(KeyError, match="04-1"):
        find_exercise("04-99")
    with pytest.raises(KeyError, match="04"):
        find_exercise("77-1")
    with pytest.raises(ValueError, match="a, b, c"):
        explanation(QUESTIONS[0], "z")
