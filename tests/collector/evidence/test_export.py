"""An export proves itself to who has only it; whatever is changed in it is found."""

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.evidence.export import Export, export, prove, writing
from collector.evidence.heads import heads_in
from collector.evidence.prove import NotProved, line_of_row
from collector.evidence.search import Question
from collector.evidence.standalone import verify
from core.errors import ConfigError, LogDamaged
from core.merkle import hashing, proofs
from core.merkle.note import Note, checkpoint_in
from core.merkle.notes import read_framed
from tests.collector.evidence.logs import BEGIN, DAY, Made, made

DAY2 = Question(since=BEGIN + DAY, upto=BEGIN + 2 * DAY)
SCHOOL = Question(school="school-1")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("log") / "d1")


def exported(log: Made, to: Path, question: Question = DAY2) -> Export:
    with writing(to) as part:
        return export(log.audit, question, part)


def unpacked(path: Path) -> Path:
    to = path.with_suffix("")
    with zipfile.ZipFile(path) as found:
        found.extractall(to)
    return to


def proved(log: Made, to: Path, row: int, size: int = 0) -> Path:
    with writing(to) as part:
        prove(log.audit, row, part, size)
    return unpacked(to)


@pytest.fixture(params=[DAY2, SCHOOL, 313], ids=["a day", "a school", "a row"])
def folder(log: Made, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An export, unpacked."""
    path = tmp_path / "export.zip"
    if isinstance(request.param, int):
        return proved(log, path, request.param)
    exported(log, path, request.param)
    return unpacked(path)


def judged(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return what the verifier says of an unpacked export, or of a ZIP, and its exit code."""
    where = folder if folder.is_dir() else unpacked(folder)
    capsys.readouterr()
    with contextlib.chdir("."):  # it goes into the folder, and leaves it to others to come back
        code = verify.main([str(where), *words])
    return code, capsys.readouterr().out


@contextlib.contextmanager
def changed(folder: Path, name: str, data: bytes | None) -> Iterator[None]:
    """Have other bytes in one file meanwhile, or none."""
    path = folder / name
    before = path.read_bytes() if path.exists() else None
    write(path, data)
    yield
    write(path, before)


def write(path: Path, data: bytes | None) -> None:
    path.unlink(missing_ok=True)
    if data is not None:
        path.write_bytes(data)


def members(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def sums_of(folder: Path) -> bytes:
    """Return the list of digests that fits, as who changes an export on purpose makes it."""
    import hashlib

    found = members(folder)
    del found["SHA256SUMS"]
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in found.items()]
    return "".join(lines).encode()


@contextlib.contextmanager
def forged(folder: Path, name: str, data: bytes) -> Iterator[None]:
    """Have other bytes in one file meanwhile, and sums that fit."""
    with changed(folder, name, data), changed(folder, "SHA256SUMS", sums_of(folder)):
        yield


def notes_of(folder: Path) -> list[Note]:
    return list(read_framed((folder / "checkpoints").read_bytes()))


def test_an_export_is_what_the_log_has(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = exported(log, tmp_path / "day.zip")
    assert (day.first, day.last, day.rows) == (301, 600, 300)
    found = unpacked(tmp_path / "day.zip")
    lines = (found / "entries.jsonl").read_bytes()
    assert lines == (log.audit / "2026-12-02.jsonl").read_bytes()
    code, told = judged(found, capsys)
    assert (code, "301-600，其间未导出 left out between: 0" in told) == (0, True)
    school = exported(log, tmp_path / "school.zip", SCHOOL)
    found = unpacked(tmp_path / "school.zip")
    said = [json.loads(line) for line in (found / "entries.jsonl").read_bytes().splitlines()]
    assert {one["agent"] for one in said} == {"110105/school-1/a"}
    assert school.rows == len(said) > 200
    gone = school.last - school.first + 1 - school.rows
    code, told = judged(found, capsys)
    assert (code, f"left out between: {gone}\n" in told) == (0, True)


def test_the_same_rows_give_the_same_bytes(log: Made, tmp_path: Path) -> None:
    one, two = (exported(log, tmp_path / f"{name}.zip") for name in "ab")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert one.sha256 == two.sha256


def test_an_export_is_never_written_over_a_file_and_leaves_nothing_half(
    log: Made, tmp_path: Path
) -> None:
    exported(log, tmp_path / "x.zip")
    with pytest.raises(ConfigError, match="there already"):
        exported(log, tmp_path / "x.zip", SCHOOL)
    with pytest.raises(NotProved):
        exported(log, tmp_path / "y.zip", Question(school="school-9"))
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


@pytest.mark.parametrize("rows", [(1, 1), (901, 901), (1, 901), (256, 257), (2, 900)])
def test_any_range_proves_itself(
    log: Made, tmp_path: Path, rows: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    times = [json.loads(line_of_row(log.audit, row))["received"] for row in rows]
    found = exported(log, tmp_path / "x.zip", Question(times[0], times[1] + 1))
    assert found.first <= rows[0]
    assert found.last >= rows[1]
    code, told = judged(tmp_path / "x.zip", capsys)
    assert (code, f"{found.rows} rows are" in told) == (0, True)


@given(data=st.data())
def test_any_choice_of_rows_leads_to_the_root(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    chosen = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    leaves = [hashing.leaf_hash(b"%d" % index) for index in range(size)]
    tree = node_by_leaves(leaves)
    told, done = list[verify.Told](), 0
    for row in [*chosen, size]:
        for begin, end in proofs.nodes(done, row, size):
            told.append((begin, end, proofs.subtree(begin, end, tree).hex(), False))
        if row < size:
            told.append((row, row + 1, leaves[row].hex(), True))
        done = row + 1
    rest = iter([*told[1:], (0, 0, "", False)])
    root = verify.root_over(0, size, told[0], rest)[0]
    assert root == hashing.root_of(b"%d" % index for index in range(size))
    assert len(told) - len(chosen) <= 2 * len(chosen) * size.bit_length()


def node_by_leaves(leaves: list[bytes]) -> proofs.Node:
    def node(level: int, index: int) -> bytes:
        return hashing.full_root(b"".join(leaves[index << level : (index + 1) << level]))

    return node


def test_a_file_that_was_changed_in_any_way_is_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in members(folder).items():
        for other in (data[:-1], b"", data + b"\n", bytes([data[0] ^ 1]) + data[1:], None):
            with changed(folder, name, other):
                code, told = judged(folder, capsys)
            assert (code, "BAD" in told) == (1, True), (name, other and other[:20])
    with changed(folder, "more.jsonl", b"{}\n"):
        assert "more.jsonl" in judged(folder, capsys)[1]
    assert judged(folder, capsys)[0] == 0


def test_the_first_line_that_is_not_what_was_signed_is_named_whoever_fits_the_digests(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (folder / "entries.jsonl").read_bytes().splitlines(keepends=True)
    rows, at = [json.loads(line)["row"] for line in lines], min(40, len(lines) - 1)
    altered = lines[at].replace(b'"port ', b'"part ')
    for other in (
        [*lines[:at], altered, *lines[at + 1 :]],
        [*lines[:at], b"[]\n", *lines[at + 1 :]],
        [*lines[:at], *lines[at + 1 :]],
        [*lines[:at], *reversed(lines[at : at + 2]), *lines[at + 2 :]],
        [*lines[:at], b'{"row":1}\n', *lines[at:]],
    ):
        if other == lines:
            continue  # one row alone has no other order
        with forged(folder, "entries.jsonl", b"".join(other)):
            code, told = judged(folder, capsys)
        assert code == 1
        assert f"line {at + 1} (row {rows[at]})" in told
    with forged(folder, "entries.jsonl", b"".join(lines[:-1])):
        assert f"(row {rows[-1]})" in judged(folder, capsys)[1]
    with forged(folder, "entries.jsonl", b"".join([*lines, lines[-1]])):
        assert f"line {len(lines) + 1} is too many" in judged(folder, capsys)[1]


def test_a_row_cannot_be_taken_out_of_lines_and_hashes_without_being_missed(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(log, tmp_path / "x.zip")
    folder = unpacked(tmp_path / "x.zip")
    lines, hashes = (
        (folder / name).read_bytes().splitlines(keepends=True)
        for name in ("entries.jsonl", "hashes.txt")
    )
    gone = next(line for line in hashes if line.startswith(b"341 "))
    fewer = [line for line in hashes if line != gone]
    with (
        changed(folder, "entries.jsonl", b"".join(lines[:40] + lines[41:])),
        forged(folder, "hashes.txt", b"".join(fewer)),
    ):
        assert "it lacks row 341" in judged(folder, capsys)[1]
    # Who says that it was never chosen cannot say that none was left out.
    other = b"".join(hashes).replace(gone, b"341-" + gone)
    with (
        changed(folder, "entries.jsonl", b"".join(lines[:40] + lines[41:])),
        forged(folder, "hashes.txt", other),
    ):
        code, told = judged(folder, capsys)
        assert (code, "export.json" in told or "'rows': 299" in told) == (1, True)
        said = (folder / "export.json").read_bytes().replace(b'"rows": 300', b'"rows": 299')
        with forged(folder, "export.json", said):
            assert "left out between: 1\n" in judged(folder, capsys)[1]


@pytest.mark.parametrize("name", ["hashes.txt", "checkpoint.body", "checkpoint.sig", "key.pem"])
def test_what_proves_cannot_be_changed_either(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (folder / name).read_bytes()
    for at in (0, len(whole) // 2, len(whole) - 2):
        data = bytearray(whole)
        data[at] ^= 4
        with forged(folder, name, bytes(data)):
            assert judged(folder, capsys)[0] != 0, at


@pytest.mark.parametrize("name", ["origin", "size", "first", "last", "rows"])
def test_what_an_export_says_of_itself_is_what_it_is(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = json.loads((folder / "export.json").read_bytes())
    with forged(folder, "export.json", json.dumps({**said, name: 7}).encode()):
        code, told = judged(folder, capsys)
    assert (code, f"{name!r}: {said[name]!r}" in told) == (1, True)


def test_an_export_of_another_format_is_not_judged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = (folder / "export.json").read_bytes().replace(b"export/2", b"export/1")
    with forged(folder, "export.json", older):
        code, told = judged(folder, capsys)
    assert (code, "schoolwatch-export/1'：请用其中的 verify.py" in told) == (2, True)


def test_no_more_and_no_less_than_the_files_of_an_export_pass_whoever_fits_the_digests(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with forged(folder, "more.jsonl", b'{"row":999}\n'):
        code, told = judged(folder, capsys)
    assert (code, "more.jsonl" in told) == (1, True)
    (folder / "more").mkdir()
    code, told = judged(folder, capsys)
    assert (code, "only plain files" in told) == (1, True)


@pytest.mark.parametrize("name", ["export.json", "entries.jsonl", "SHA256SUMS", "more"])
@pytest.mark.parametrize("where", ["/dev/zero", "/dev/stdin", "README.txt"])
def test_what_is_no_plain_file_is_not_opened(
    folder: Path, name: str, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(where)
    code, told = judged(folder, capsys)
    assert (code, "only plain files" in told) == (1, True)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert judged(folder, capsys)[0] == 1


def test_an_export_without_rows_proves_nothing(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = proved(log, tmp_path / "x.zip", 313)
    root = (folder / "checkpoint.body").read_text().split("\n")[2]
    told = f"1-901 {base64.b64decode(root).hex()}\n".encode()
    said = re.sub(
        rb'("(?:first|last|rows)": )\d+', rb"\g<1>0", (folder / "export.json").read_bytes()
    )
    with (
        changed(folder, "entries.jsonl", b""),
        changed(folder, "hashes.txt", told),
        forged(folder, "export.json", said),
    ):
        code, words = judged(folder, capsys)
    assert (code, "it has no rows" in words) == (1, True)


def test_an_export_says_one_thing_of_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (folder / "export.json").read_bytes()
    for other in (
        said.replace(b'"rows": ', b'"rows": 9999,\n "rows": '),
        said.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + said,
        said + b"\n",
        b"[" * 1_000_000,
    ):
        with forged(folder, "export.json", other):
            assert judged(folder, capsys)[0] == 1, other[:40]


def test_a_key_that_is_none_is_wrong_use_and_never_no_key(
    log: Made, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = tmp_path / "audit.key"
    for text in (b"", (log.audit / "keys").read_bytes(), None):
        write(name, text)
        for key in (str(name), ""):
            with pytest.raises(SystemExit) as stopped:
                judged(folder, capsys, "--key", key)
            assert stopped.value.code == 2


def test_what_a_forger_writes_cannot_draw_on_the_screen(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (folder / "export.json").read_bytes()
    drawn = b"\\u001b[2K\\r\\ud800"
    with forged(folder, "export.json", said.replace(b"export/2", drawn)):
        code, told = judged(folder, capsys)
    assert (code, "\x1b" in told) == (2, False)
    with forged(folder, "\x1b[2K\n", b""):
        code, told = judged(folder, capsys)
    assert (code, "\x1b" in told) == (1, False)
    with (folder / os.fsdecode(b"\xff")).open("wb"):
        assert judged(folder, capsys)[0] == 1


def test_a_module_that_lies_beside_the_verifier_is_not_run(folder: Path) -> None:
    for name in ("hashlib", "json", "argparse", "typing"):
        (folder / f"{name}.py").write_text("raise SystemExit(0)\n")
    words = [sys.executable, "verify.py"]
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=60, check=False)
    assert (done.returncode, b"hashlib.py" in done.stdout) == (1, True)


def test_an_export_of_a_forged_log_has_another_key(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(made(tmp_path / "forged"), tmp_path / "x.zip")
    assert judged(tmp_path / "x.zip", capsys)[0] == 0
    kept = str(log.folder / "audit-key.pub.pem")
    code, told = judged(tmp_path / "x.zip", capsys, "--key", kept)
    assert (code, "not the one that you keep" in told) == (1, True)
    exported(log, tmp_path / "y.zip")
    assert judged(tmp_path / "y.zip", capsys, "--key", kept)[0] == 0


@pytest.mark.parametrize(
    "words", ["not found", "pkeyutl: Unrecognized flag rawin"], ids=["none", "an old one"]
)
def test_without_openssl_3_it_says_that_the_signature_was_not_checked(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    place = folder.with_name("bin")
    place.mkdir()
    if words != "not found":
        (place / "openssl").write_text(f"#!/bin/sh\necho {words}\nexit 1\n")
        (place / "openssl").chmod(0o755)
    monkeypatch.setenv("PATH", str(place))
    code, told = judged(folder, capsys)
    assert code == 2
    assert "签名未验证，需 openssl 3.0 以上" in told
    assert words in told
    assert "有效" not in told


def test_what_is_not_what_was_signed_is_not_exported(log: Made, tmp_path: Path) -> None:
    bad = log.copy(tmp_path / "bad")
    path = bad.audit / "2026-12-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"port 313"', b'"port 314"'))
    for question in (DAY2, SCHOOL):
        with pytest.raises(LogDamaged, match="row 313"):
            export(bad.audit, question, tmp_path / "x.zip")
    with pytest.raises(NotProved, match="no signed row"):
        export(log.audit, Question(school="school-9"), tmp_path / "x.zip")


def test_what_does_not_lead_to_the_root_is_not_exported(log: Made, tmp_path: Path) -> None:
    bad = log.copy(tmp_path / "bad")
    tile = bad.audit / "tile" / "1" / "000.p" / "3"
    data = bytearray(tile.read_bytes())
    data[0] ^= 1
    tile.write_bytes(data)
    with pytest.raises(NotProved, match="do not lead to the signed root"):
        export(bad.audit, DAY2, tmp_path / "x.zip")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_flipped_bit_is_never_fine_and_never_a_crash(
    folder: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    found = members(folder)
    name = data.draw(st.sampled_from(sorted(found)))
    at = data.draw(st.integers(0, len(found[name]) * 8 - 1))
    broken = bytearray(found[name])
    broken[at // 8] ^= 1 << at % 8
    with changed(folder, name, bytes(broken)):
        assert judged(folder, capsys)[0] == 1


# Proofs of one row.


@pytest.mark.parametrize("row", [1, 2, 256, 257, 300, 301, 900, 901])
def test_a_row_is_proved_by_a_small_file(
    log: Made, tmp_path: Path, row: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = proved(log, tmp_path / "x.zip", row)
    assert json.loads((found / "entries.jsonl").read_bytes())["row"] == row
    assert (tmp_path / "x.zip").stat().st_size < 10_000
    assert len((found / "hashes.txt").read_bytes().splitlines()) <= 11
    code, told = judged(found, capsys)
    assert (code, "1 rows are what the signed root was made of" in told) == (0, True)
    assert f"rows {row}-{row}" in told


def test_a_row_is_proved_under_an_older_checkpoint(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = proved(log, tmp_path / "x.zip", 50, 100)
    assert "over 100 rows" in judged(found, capsys)[1]
    (one,) = notes_of(found)
    assert one.text.encode() == (found / "checkpoint.body").read_bytes()
    for row, size, why in (
        *((101, 100, "not among the 100"), (50, 77, "no checkpoint over 77")),
        (902, 0, "row 902 is not among"),
    ):
        with pytest.raises(NotProved, match=why):
            prove(log.audit, row, tmp_path / "y.zip", size)


def test_an_export_is_made_under_the_checkpoint_that_a_witness_holds(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = list(heads_in(log.audit / "checkpoints"))
    held = heads[len(heads) // 2].checkpoint
    assert held
    with writing(tmp_path / "x.zip") as part:
        found = export(log.audit, Question(), part, held.size)
    assert (found.first, found.last) == (1, held.size)
    code, told = judged(tmp_path / "x.zip", capsys)
    assert (code, f"over {held.size} rows" in told) == (0, True)
    body = checkpoint_in((tmp_path / "x" / "checkpoint.body").read_text("utf-8"))
    assert (body.size, body.root) == (held.size, held.root)
    sizes = [checkpoint_in(one.text).size for one in notes_of(tmp_path / "x")]
    assert sizes == sorted({*sizes}), "none is of more rows than the one that proves"
    assert sizes[-1] == held.size
    with pytest.raises(NotProved, match="no checkpoint over 77"):
        export(log.audit, Question(), tmp_path / "y.zip", 77)


def test_the_checkpoints_of_an_export_are_one_a_day_and_its_own(folder: Path) -> None:
    found = notes_of(folder)
    assert found[-1].text.encode() == (folder / "checkpoint.body").read_bytes()
    days = [checkpoint_in(one.text).extension("time")[:10] for one in found]
    assert days == sorted(days)
    rows = (folder / "entries.jsonl").read_bytes().count(b"\n")
    assert len(found) == 1 if rows == 1 else len(found) >= 2


def test_the_verifier_needs_nothing_that_python_3_6_lacks() -> None:
    import ast

    source = Path(verify.__file__).read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))
    named = re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)
    known = {"argparse", "base64", "hashlib", "json", "os", "pathlib", "subprocess", "sys"}
    assert set(named) == known | {"typing"}
    assert len(source.splitlines()) <= 140, "an auditor reads it in one sitting"


# With nothing but coreutils, openssl and Python.

TOOLS = ("sh", "cat", "head", "sha256sum", "openssl", "python3")


def _with_libraries(root: Path, program: str) -> None:
    """Copy a program of the system and what it is linked with under *root*."""
    found = Path(shutil.which(program, path="/usr/bin:/bin") or "/missing").resolve()
    linked = subprocess.run(["ldd", found], capture_output=True, text=True, check=False).stdout
    for path in [str(found), *re.findall(r"(/\S+) \(0x", linked)]:
        to = root / path.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        if not to.exists():
            shutil.copy(path, to)
    (root / "bin").mkdir(exist_ok=True)
    if not (root / "bin" / program).exists():
        (root / "bin" / program).symlink_to(found)


@pytest.fixture
def empty_root(tmp_path: Path) -> Path:
    """A root folder with those programs, Python's own library, and nothing else."""
    if os.getuid() != 0 or not Path("/usr/bin/python3").exists() or not shutil.which("openssl"):
        pytest.skip("needs root, and a system's Python and openssl")
    root = tmp_path / "root"
    for program in TOOLS:
        _with_libraries(root, program)
    where = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    library = subprocess.check_output(["/usr/bin/python3", "-I", "-c", where], text=True).strip()
    wanted = shutil.ignore_patterns(
        "test",
        "tests",
        "idlelib",
        "__pycache__",
        "site-packages",
        "dist-packages",
        "tkinter",
        "ensurepip",
        "config-*",
    )
    shutil.copytree(library, root / library.lstrip("/"), ignore=wanted)
    for module in (root / library.lstrip("/") / "lib-dynload").glob("_hashlib*.so"):
        linked = subprocess.check_output(["ldd", module], text=True)
        for path in re.findall(r"(/\S+) \(0x", linked):
            to = root / path.lstrip("/")
            to.parent.mkdir(parents=True, exist_ok=True)
            if not to.exists():
                shutil.copy(path, to)
    for folder in ("tmp", "dev", "export"):
        (root / folder).mkdir()
    (root / "dev" / "null").touch()
    return root


def test_an_export_is_checked_in_an_empty_root_by_the_commands_of_its_page(
    folder: Path, empty_root: Path
) -> None:
    shutil.copytree(folder, empty_root / "export", dirs_exist_ok=True)
    text = (empty_root / "export" / "README.txt").read_text("utf-8")
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin") or "chroot"
    commands = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    assert len(commands) == 5

    def run(command: str) -> subprocess.CompletedProcess[bytes]:
        words = [chroot, str(empty_root), "/bin/sh", "-c", f"cd /export && {command}"]
        env = {"PATH": "/bin", "LC_ALL": "C"}
        return subprocess.run(words, capture_output=True, env=env, timeout=60, check=False)

    found = [run(command) for command in commands]
    assert [one.returncode for one in found] == [0] * 5, [(x.stdout, x.stderr) for x in found]
    sums, openssl, digest, own, leaf = found
    assert sums.stdout.count(b": OK\n") == 9
    assert b"Signature Verified Successfully" in openssl.stdout
    assert digest.stdout.split()[0] in own.stdout
    assert "签名有效" in own.stdout.decode()
    assert b" " + leaf.stdout.split()[0] + b"\n" in (folder / "hashes.txt").read_bytes()

    path = empty_root / "export" / "entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b"link_down", b"link_dowm", 1))
    sums, openssl, _, own, leaf = (run(command) for command in commands)
    assert [sums.returncode, openssl.returncode, own.returncode] == [1, 0, 1]
    assert b"entries.jsonl: FAILED" in sums.stdout
    assert b"line 1 (row" in own.stdout
    assert leaf.stdout.split()[0] not in (folder / "hashes.txt").read_bytes()
    body = empty_root / "export" / "checkpoint.body"
    body.write_bytes(body.read_bytes().replace(b"901", b"902"))
    assert run(commands[1]).returncode == 1


def test_the_verifier_runs_by_itself_beside_the_files(folder: Path) -> None:
    words = [sys.executable, "-I", "verify.py"]
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
