"""`schoolwatch check-config`: whatever a file holds, the answer is sentences and a code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schoolwatch
from core.checkconfig import check

CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLES = {
    name: (CONFIGS / name).read_text(encoding="utf-8").replace("\n# ", "\n")
    for name in ("agent.toml", "collector.toml")
}
READERS = {"agent": "agent.config:read_agent", "collector": "collector.config:read_collector"}

Said = Callable[[], str]

GOOD = 'kind = "agent"\nidentity = { region = "1", school = "2", agent = "3" }\n'
WRONG = GOOD + "[broker]\nprot = 1\n"

FRAGMENTS = (
    *("\n", "=", '"', "'", '"""', "[", "]", "[[", "{", "}", ".", ",", "#", "\\", "\0", "\ufeff"),
    *("nan", "-1", "1e400", "9" * 60, "9" * 5000, "true", "1979-05-27", "[broker]", "[[probes]]"),
    *('kind = "agent"', 'kind = "collector"', '"\\u001b[2J"', "第一中学", "\U0010ffff", "[x.y.z]"),
)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return lambda: capsys.readouterr().out


def written(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return [str(folder / f"{name}.toml") for name in files]


def test_good_files_are_fine(tmp_path: Path, said: Said) -> None:
    paths = written(tmp_path, a=GOOD, b='kind = "collector"\ncollector.regions = ["1"]')
    assert schoolwatch.main(["check-config", *paths]) == 0
    assert said() == f"{paths[0]}: fine\n{paths[1]}: fine\n"


def test_a_wrong_file_hides_no_other_and_is_fine_once_corrected(tmp_path: Path, said: Said) -> None:
    wrong, good, gone = *written(tmp_path, wrong=WRONG, good=GOOD), str(tmp_path / "gone.toml")
    assert schoolwatch.main(["check-config", wrong, gone, good]) == 1
    assert said() == (
        f"{wrong}:4: unknown key 'prot' in [broker]; did you mean 'port'?\n"
        f"{gone}: cannot be read: No such file or directory\n"
        f"{good}: fine\n"
    )

    written(tmp_path, wrong=WRONG.replace("prot", "port"), gone=GOOD)
    assert schoolwatch.main(["check-config", wrong, gone, good]) == 0


def test_programs_get_the_same_as_json(tmp_path: Path, said: Said) -> None:
    wrong, good, syntax = written(tmp_path, wrong=WRONG, good=GOOD, syntax="\na = x")
    assert schoolwatch.main(["check-config", "--json", wrong, good, syntax]) == 1
    sentence = "unknown key 'prot' in [broker]; did you mean 'port'?"
    invalid = "not TOML: invalid value; a text stands in quotes"
    assert json.loads(said()) == {
        "files": [
            {
                "file": wrong,
                "kind": "agent",
                "fine": False,
                "mistakes": [{"text": sentence, "line": 4, "column": 0}],
            },
            {"file": good, "kind": "agent", "fine": True, "mistakes": []},
            {
                "file": syntax,
                "kind": "",
                "fine": False,
                "mistakes": [{"text": invalid, "line": 2, "column": 5}],
            },
        ]
    }


def test_a_misspelt_kind_is_said_and_the_rest_of_the_file_is_read(tmp_path: Path) -> None:
    [path] = written(tmp_path, a=WRONG.replace('"agent"', '"agnet"', 1))
    assert check(Path(path), READERS).text == (
        f'{path}:1: kind is "agnet"; expected "agent"; did you mean "agent"?\n'
        f"{path}:4: unknown key 'prot' in [broker]; did you mean 'port'?"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'missing key \'kind\' at the top, before the first table: "agent" or "collector"'),
        ('kind = "zebra"', '1: kind is "zebra"; expected "agent" or "collector"'),
        ("[[kind]]\nagent = 1", '1: kind is a list; expected "agent" or "collector"'),
    ],
)
def test_a_file_that_does_not_say_its_kind_is_told_the_kinds(
    tmp_path: Path, text: str, sentence: str
) -> None:
    [path] = written(tmp_path, a=text)
    assert check(Path(path), READERS).text.removeprefix(f"{path}:").strip() == sentence


def test_wrong_use_is_another_code_than_a_wrong_file(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--nonsense", "x"]):
        with pytest.raises(SystemExit) as ended:
            schoolwatch.main(["check-config", *words])
        assert ended.value.code == 2
    assert "usage: schoolwatch check-config" in capsys.readouterr().err


def test_help_teaches(said: Said) -> None:
    with pytest.raises(SystemExit) as ended:
        schoolwatch.main(["check-config", "--help"])
    assert ended.value.code == 0
    text = said()
    for words in ("did you mean 'host'?", "agent, collector", "configs/agent.toml", "Exit code"):
        assert words in text


def test_a_name_that_is_not_utf8_is_shown_all_the_same(tmp_path: Path, said: Said) -> None:
    assert schoolwatch.main(["check-config", f"{tmp_path}/\udcff.toml"]) == 1
    assert "cannot be read" in said()


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A sample with every option switched on, then cut, doubled and sprinkled with fragments."""
    text = draw(st.sampled_from(sorted(SAMPLES.values())))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.sampled_from((0, 0, 1, 2, 10, 200))))
        text = text[:at] + draw(st.sampled_from(FRAGMENTS) | st.just(text[at:end] * 2)) + text[end:]
    return text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(mutated() | st.text(max_size=200) | st.lists(st.sampled_from(FRAGMENTS)).map("".join))
def test_no_text_whatsoever_makes_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    report = check(path, READERS)
    assert all(mistake.text and mistake.text.isprintable() for mistake in report.mistakes)
    lines = text.count("\n") + 1
    assert all(0 <= mistake.line <= lines for mistake in report.mistakes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_whatsoever_make_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(content)
    assert check(path, READERS).mistakes
