"""Asks several subjects at once: file systems, targets. A bad one costs no other its reading."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.onchange import OnChange
from core.errors import MonitorError
from core.types import Reading

_log = logging.getLogger(__name__)

Question = Coroutine[Any, Any, Reading | None]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Keeps from round to round which subjects of the probe *word* were broken."""

    word: str
    _state: OnChange = field(default_factory=lambda: OnChange(_log))

    async def ask(self, questions: Mapping[str, Question]) -> list[Reading]:
        """Return the readings of all *questions*; one that fails is said once, by its name.

        Where some fail and no other has a reading, raises the first failure: then it is the probe
        that failed. What nobody expects is raised in any case.
        """
        answers = await asyncio.gather(*questions.values(), return_exceptions=True)
        readings = [answer for answer in answers if isinstance(answer, Reading)]
        for answer in answers:
            expected = isinstance(answer, MonitorError | OSError)
            if isinstance(answer, BaseException) and not (readings and expected):
                raise answer
        for subject, answer in zip(questions, answers):
            name = f"{self.word}: {subject}"
            if isinstance(answer, BaseException):
                self._state.broke(name, f"{self.word}: {answer}")
            else:
                self._state.well(name)
        return readings
