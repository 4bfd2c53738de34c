"""The two languages that people read here, and a text in both."""

from typing import Final, Literal, NamedTuple, get_args

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

HTML_LANG: Final[dict[Language, str]] = {"zh": "zh-Hans", "en": "en"}


class Text(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str
