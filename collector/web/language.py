"""The two languages that people read here, and a text in both."""

from typing import Final, Literal, get_args

from core.alerts import Text

__all__ = ["HTML_LANG", "LANGUAGES", "Language", "Text"]

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

HTML_LANG: Final[dict[Language, str]] = {"zh": "zh-Hans", "en": "en"}
