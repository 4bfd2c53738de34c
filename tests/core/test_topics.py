"""Topics: who may stand in one, and what anything else is called."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import topics
from core.errors import ConfigError, TopicError
from core.types import Identity

WHO = Identity("440103", "3144001234", "pc-1")
LEVELS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}", fullmatch=True)
IDENTITIES = st.builds(Identity, LEVELS, LEVELS, LEVELS)


@given(IDENTITIES, st.sampled_from(topics.CHANNELS))
def test_a_topic_names_its_agent_and_channel(who: Identity, channel: topics.Channel) -> None:
    assert topics.parse(topics.topic(who, channel)) == (who, channel)
    assert topics.checked(who) == who


def test_topics_are_spelt_as_the_contract_says() -> None:
    assert topics.topic(WHO, "readings") == "schoolwatch/v1/440103/3144001234/pc-1/readings"
    assert topics.claim_topic("440103") == "schoolwatch/v1/440103/collector"


NO_TOPIC = {
    "nothing": ("", "topic is not schoolwatch/v1/"),
    "another project": ("telegraf/v1/a/b/c/readings", "topic is not schoolwatch/v1/"),
    "another version": ("schoolwatch/v2/a/b/c/readings", "topic is not schoolwatch/v1/"),
    "the claim": ("schoolwatch/v1/a/collector", "topic is not schoolwatch/v1/"),
    "a level too many": ("schoolwatch/v1/a/b/c/readings/x", "topic is not schoolwatch/v1/"),
    "a slash before it": ("/schoolwatch/v1/a/b/c/readings", "topic is not schoolwatch/v1/"),
    "an unknown channel": ("schoolwatch/v1/a/b/c/reading", "unknown channel 'reading'"),
    "an empty channel": ("schoolwatch/v1/a/b/c/", "unknown channel ''"),
    "an empty region": ("schoolwatch/v1//b/c/readings", "region ''"),
    "a school of 33 letters": (f"schoolwatch/v1/a/{'b' * 33}/c/readings", "school 'bbb"),
    "a Chinese school": ("schoolwatch/v1/a/学校/c/readings", "school '学校'"),
    "an agent that begins with a point": ("schoolwatch/v1/a/b/.c/readings", "agent '.c'"),
    "an agent with a plus sign": ("schoolwatch/v1/a/b/+/readings", "agent '+'"),
    "an agent with a newline": ("schoolwatch/v1/a/b/c\n/readings", r"agent 'c\n'"),
    "an agent with NUL": ("schoolwatch/v1/a/b/c\0/readings", r"agent 'c\x00'"),
    "full-width digits": ("schoolwatch/v1/１２/b/c/readings", "region '１２'"),
    "more than 64 bytes": (
        f"schoolwatch/v1/{'a' * 21}/{'b' * 21}/{'c' * 21}/readings",
        "has more than 64 bytes",
    ),
}


@pytest.mark.parametrize(("name", "words"), NO_TOPIC.values(), ids=list(NO_TOPIC))
def test_a_topic_that_names_nobody_says_which_level_is_wrong(name: str, words: str) -> None:
    with pytest.raises(TopicError) as mistake:
        topics.parse(name)
    assert words in str(mistake.value)


@given(st.text() | st.text(max_size=9).map(lambda level: f"schoolwatch/v1/a/b/{level}/readings"))
@example("schoolwatch/v1/" + "a" * 60_000 + "/b/c/readings")
def test_any_topic_is_read_or_refused_in_few_words(name: str) -> None:
    try:
        said = topics.topic(*topics.parse(name))
    except TopicError as mistake:
        said = str(mistake)
    assert said == name or len(said) < 250


def test_three_levels_and_their_slashes_may_have_64_bytes() -> None:
    fits = Identity("a" * 20, "b" * 21, "c" * 21)
    assert len(str(fits)) == topics.MAX_IDENTITY_BYTES
    assert topics.checked(fits) == fits


def test_an_identity_in_a_configuration_is_refused_with_what_to_change() -> None:
    with pytest.raises(ConfigError, match="school 'North School' must be 1 to 32 letters"):
        topics.checked(Identity("440103", "North School", "pc-1"))


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("pc-1", "pc-1"),
        ("pc 1.local", "pc-1.local"),
        ("_pc", "pc"),
        ("机房", "agent"),
        ("机房-3", "3"),
        ("", "agent"),
        ("x" * 40, "x" * 32),
    ],
)
def test_a_host_name_is_made_fit(name: str, fit: str) -> None:
    assert topics.made_fit(name) == fit


@given(st.text())
def test_any_host_name_can_be_made_fit(name: str) -> None:
    with suppress(ConfigError):
        topics.checked(Identity("000000", "trial", name))
    assert topics.identity_mistake(Identity("000000", "trial", topics.made_fit(name))) == ""
