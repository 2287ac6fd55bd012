"""All exercises and questions: complete, each for one of its notebook's goals, and well formed."""

import re
from collections import Counter

import pytest

from tools import build_notebooks as builder
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
    assert len(set(said)) == len(said) >= (1 if exercise.ideas else 3)


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
