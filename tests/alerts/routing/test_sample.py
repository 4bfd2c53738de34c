"""The sample of routing.toml is complete and right; a mistake is said with its line."""

import re
from pathlib import Path

import msgspec
import pytest

from alerts.routing.check import Routes, read_routing, unknown_channels
from alerts.routing.config import ReceiverConfig, RouteConfig
from core.checkconfig import check
from core.errors import ConfigError
from core.keys import is_table, row_of
from tests.alerts.routing.play import OWNERS
from tests.configs.test_samples import CONFIGS, LINE, OPTION

SAMPLE = (CONFIGS / "routing.toml").read_text(encoding="utf-8")
READERS = {"routing": "alerts.routing.check:read_routing"}


def named(kind: type[msgspec.Struct]) -> set[str]:
    found = set()
    for field in msgspec.structs.fields(kind):
        inner = field.type if is_table(field.type) else row_of(field.type)
        found |= named(inner) if inner else {field.encode_name}
    return found


def test_the_sample_shows_every_option(tmp_path: Path) -> None:
    shown = set(re.findall(r"^(?:# )?([A-Za-z0-9_]+) = ", SAMPLE, re.MULTILINE))
    assert shown == named(Routes)


def test_the_sample_is_fine_as_it_is_and_switched_on_and_means_the_defaults(tmp_path: Path) -> None:
    plain, full = tmp_path / "plain.toml", tmp_path / "full.toml"
    plain.write_text(SAMPLE, encoding="utf-8")
    full.write_text(re.sub(r"^# (?=[\[A-Za-z])", "", SAMPLE, flags=re.M), encoding="utf-8")
    bare, switched = read_routing(plain), read_routing(full)
    assert bare == Routes()
    emptied = msgspec.structs.replace(switched, receiver=(), rota=(), route=())
    assert emptied == bare
    (receiver,), (route,) = switched.receiver, switched.route
    assert receiver == ReceiverConfig(name="centre", channels=("duty",))
    assert route == RouteConfig(name="attacks", code=("EV-ATK-*",), digest=True)


def test_lines_of_the_sample_are_prose_options_or_tables() -> None:
    plainer = re.sub(r"^# P(?=[1-4] = )", "# p", SAMPLE, flags=re.M)
    lines = plainer.split("\n")
    assert [line for line in lines if not LINE.fullmatch(line) or len(line) > 100] == []
    blocks = SAMPLE.split("\n\n")
    assert [one for one in blocks if OPTION.search(one) and "##" not in one] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[route]]\nname = "a"\nto = ["receiver:zhoo"]',
            "'receiver:zhoo' is no receiver of this file; did you mean 'zhao'?",
        ),
        (
            '[[route]]\nname = "a"\nto = ["rota:night"]',
            "'rota:night' is no rota of this file; there is none of that name",
        ),
        (
            '[[rota]]\nname = "n"\nstart = "2026-09-07"\n[[rota.shift]]\nmembers = ["wong"]',
            "rota 'n': its member 'wong' is no receiver; did you mean 'wang'?",
        ),
        (
            '[[rota]]\nname = "n"\nstart = "2026-09-07"',
            "rota 'n' has no [[rota.shift]]: nobody is ever on duty",
        ),
        (
            '[[route]]\nname = "a"\nrule = ["line_*"]\n[[route]]\nname = "b"\nrule = ["line_down"]',
            "route 'b' is never reached: 'a' before it matches all that it does; move it up, or "
            "let that one say  continue = true",
        ),
        ('[[route]]\nname = "a"\ncode = ["EV-ATK-APR"]', "no kind of event has the code"),
        ('[[route]]\nname = "a"\nrepaet = "1h"', "unknown key 'repaet' in [route]; did you mean"),
        ('[[receiver]]\nname = "li"\nchannels = ["duty"]', "receiver 'li' is there twice"),
        ('[due]\nP1 = "soon"', '[due] P1 is "soon"; expected a time as "4h"'),
        ('[digest]\nat = "7.30"', "[digest] at is '7.30'; expected one as '07:30'"),
        ('[[route]]\nname = "a"\nto = ["li"]', 'expected "owner:operator"'),
        ('[[route]]\nname = "a"\nto = ["rota:值班"]', 'expected "owner:operator"'),
        ('[[route]]\nname = "a"\nschool = ["330102"]', 'expected a school as "REGION/SCHOOL"'),
        (
            '[[rota]]\nname = "n"\nstart = "2026-09-07"\nzone = "Asia/Shanghia"',
            'zone is "Asia/Shanghia"; did you mean "Asia/Shanghai"?',
        ),
    ],
)
def test_a_mistake_is_said_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "routing.toml"
    path.write_text(OWNERS + text)
    found = check(path, READERS)
    assert said in found.text
    assert re.match(rf"{path}:\d+: ", found.text)


def test_what_is_odd_is_a_note_and_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "routing.toml"
    rota = '[[rota]]\nname = "n"\nstart = "2026-09-07"\n[[rota.shift]]\nmembers = ["li"]\n'
    path.write_text(OWNERS + rota)
    assert check(path, READERS).odd == ()
    path.write_text(OWNERS + rota + 'days = ["mon"]\n')
    assert check(path, READERS).odd == ("rota 'n': nobody is on duty tue 00:00 to mon 00:00",)


def test_a_channel_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "routing.toml"
    path.write_text(OWNERS)
    (text,) = unknown_channels(read_routing(path), ("operator", "authority", "users"))
    assert text == (
        "receiver 'zhao' names the channel 'user', which [alerts] has not; did you mean 'users'?"
    )
    path.write_text("kind = 'routing'\n[[receiver]]")
    with pytest.raises(ConfigError, match="missing key 'name'"):
        read_routing(path)
