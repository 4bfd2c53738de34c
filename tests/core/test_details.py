"""The allow-list of details: what an event may say, and that the agent says nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

from agent.logs.kept.seals import Seal, told
from core.details import DETAILS, EVIDENCE_TEXTS, SIDE, allowed
from tests.persons import identity_number, mobile_number

ROOT = Path(__file__).parents[2]


def test_what_is_allowed_stays_the_same_object() -> None:
    details = {"why": "gone", "source": {"address": "192.0.2.7"}, "evidence": {"ports": 120}}
    assert allowed(details)[0] is details


def test_what_nobody_knows_goes_and_the_rest_stays() -> None:
    details = {
        "why": "gone",
        "pupil": "Li",
        "source": {"mac": "00:00:5e:00:53:01", "user": "li"},
        "evidence": {"ports": 3, "how": "syn", "url": "http://x.test/"},
    }
    kept, gone, persons = allowed(details)
    assert kept == {
        "why": "gone",
        "source": {"mac": "00:00:5e:00:53:01"},
        "evidence": {"ports": 3, "how": "syn"},
    }
    assert (gone, persons) == (["pupil", "source.user", "evidence.url"], [])


def test_a_number_of_a_person_goes_out_of_texts_lists_names_and_integers() -> None:
    person, phone = identity_number(), mobile_number()
    details = {"why": f"call {phone}", "added": [person], "is": {person: 1}, "count": int(phone)}
    kept, gone, persons = allowed(details)
    assert phone not in str(kept["why"])
    assert person not in str(kept)
    assert (gone, sorted(persons)) == ([], ["added", "is", "why"])
    assert kept["count"] == int(phone), "a count is a count"
    assert allowed({"evidence": {"phone": int(phone)}})[1] == ["evidence.phone"]
    if person.isdigit():
        assert allowed({"count": int(person)})[0]["count"] == 0


def test_every_detail_that_an_agent_says_is_in_the_table() -> None:
    known = {*DETAILS, *SIDE, *EVIDENCE_TEXTS}
    said = {(path.name, name) for path in sorted(_modules()) for name in _said_in(path)}
    assert len(said) > 40, "the search for them works"
    missing = {(where, name) for where, name in said if name not in known}
    assert missing == set(), "add it to core/details.py, or the collector takes it off"


def test_every_word_of_a_seal_reaches_the_district() -> None:
    """The agent compares what the district has of a sealed day with what it keeps itself."""
    seal = Seal(
        number=1,
        file="firewall/2026-11-28",
        day="2026-11-28",
        rows=5,
        lines=6,
        root="ab" * 32,
        sha256="12" * 32,
        size=900,
        gz_sha256="34" * 32,
        gz_size=300,
        first=1_795_374_585 * 10**9,
        last=1_795_374_585 * 10**9,
        gaps={"disk": 2},
        before="13" * 32,
    )
    details = {"device": "firewall", **told(seal)}
    assert allowed(details) == (details, [], [])


def _modules() -> Iterator[Path]:
    for path in (ROOT / "agent").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if " Event(" in text or "(Event(" in text or "[Event(" in text or "._event(" in text:
            yield path


def _said_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id in {"details", "counted"}:
                    yield from _keys(node.value)
                if isinstance(target, ast.Subscript) and _is_details(target.value):
                    yield from _text(target.slice)
        elif isinstance(node, ast.Call) and _name(node.func) in {"Event", "_event", "_begin"}:
            for argument in [*node.args, *(word.value for word in node.keywords)]:
                yield from _keys(argument)


def _keys(node: ast.AST | None) -> Iterator[str]:
    for one in ast.walk(node) if node else ():
        if isinstance(one, ast.Dict):
            for key in one.keys:
                yield from _text(key)


def _is_details(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "details"


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _text(node: ast.AST | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
