"""The words that say why a device is not well."""

import importlib
import pkgutil
import re
from collections import Counter

import pytest

from core import causes
from core.causes import CAUSES

PARTS = [
    importlib.import_module(f"core.causes.{one.name}")
    for one in pkgutil.iter_modules(causes.__path__)
]
NOT_FOR_TEACHERS = re.compile("采集端|团体名|profile")


def test_no_word_stands_in_two_modules_and_no_module_is_left_out() -> None:
    times = Counter(word for part in PARTS for word in part.CAUSES)
    assert [word for word, often in times.items() if often > 1] == []
    assert set(times) == set(CAUSES)


def test_no_two_words_mean_the_same() -> None:
    assert len({one.zh for one in CAUSES.values()}) == len(CAUSES)
    assert len({one.en for one in CAUSES.values()}) == len(CAUSES)


@pytest.mark.parametrize("word", CAUSES)
def test_a_teacher_is_told_no_word_of_the_trade(word: str) -> None:
    cause = CAUSES[word]
    assert not NOT_FOR_TEACHERS.search(cause.zh + cause.try_zh)
