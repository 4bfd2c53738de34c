"""An export proves itself to who has only it; whatever is changed in it is found."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.evidence.export import Export, export, keep
from collector.evidence.prove import NotProved, encode, line_of_row, prove
from collector.evidence.search import Question
from collector.evidence.standalone import verify
from core.errors import LogDamaged
from tests.collector.evidence.logs import BEGIN, DAY, Made, made

DAY2 = Question(since=BEGIN + DAY, upto=BEGIN + 2 * DAY)
SCHOOL = Question(school="school-1")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("log") / "d1")


def exported(log: Made, to: Path, question: Question = DAY2) -> Export:
    found = export(log.audit, question, to)
    keep(found)
    return found


@pytest.fixture(params=[DAY2, SCHOOL], ids=["a day", "a school"])
def packed(log: Made, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return exported(log, tmp_path / "export.zip", request.param).path


def judged(path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = verify.main([str(path), *words])
    return code, capsys.readouterr().out


def changed(packed: Path, name: str, data: bytes | None) -> None:
    """Put other bytes into one member, or take it out, as somebody would who repacks it."""
    with zipfile.ZipFile(packed) as old:
        found = {one: old.read(one) for one in old.namelist()}
    if data is None:
        del found[name]
    else:
        found[name] = data
    with zipfile.ZipFile(packed, "w") as new:
        for each, content in found.items():
            new.writestr(each, content)


def members(packed: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(packed) as found:
        return {name: found.read(name) for name in found.namelist()}


def summed(packed: Path) -> None:
    """Make the list of digests fit again, as who changes an export on purpose does."""
    import hashlib

    found = members(packed)
    del found["SHA256SUMS"]
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in found.items()]
    changed(packed, "SHA256SUMS", "".join(lines).encode())


def test_an_export_is_what_the_log_has(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = exported(log, tmp_path / "day.zip")
    assert (day.first, day.last, day.rows) == (301, 600, 300)
    lines = members(day.path)["entries.jsonl"]
    assert lines == (log.audit / "2026-12-02.jsonl").read_bytes()
    assert judged(day.path, capsys)[0] == 0
    school = exported(log, tmp_path / "school.zip", SCHOOL)
    said = [json.loads(line) for line in members(school.path)["entries.jsonl"].splitlines()]
    assert {one["agent"] for one in said} == {"110105/school-1/a"}
    assert school.rows == len(said) > 200
    assert judged(school.path, capsys)[0] == 0


def test_the_same_rows_give_the_same_bytes(log: Made, tmp_path: Path) -> None:
    one, two = (exported(log, tmp_path / f"{name}.zip") for name in "ab")
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.sha256 == two.sha256


@pytest.mark.parametrize("rows", [(1, 1), (901, 901), (1, 901), (256, 257), (2, 900)])
def test_any_range_proves_itself(
    log: Made, tmp_path: Path, rows: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    times = [json.loads(line_of_row(log.audit, row))["received"] for row in rows]
    found = exported(log, tmp_path / "x.zip", Question(times[0], times[1] + 1))
    assert found.first <= rows[0]
    assert found.last >= rows[1]
    code, told = judged(found.path, capsys)
    assert (code, f"{found.rows} rows are" in told) == (0, True)


def test_a_member_that_was_changed_in_any_way_is_found(
    packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = packed.read_bytes()
    for name, data in members(packed).items():
        for other in (data[:-1], b"", data + b"\n", bytes([data[0] ^ 1]) + data[1:], None):
            packed.write_bytes(whole)
            changed(packed, name, other)
            code, told = judged(packed, capsys)
            assert (code, "BAD" in told) == (1, True), (name, other and other[:20])
    packed.write_bytes(whole)
    changed(packed, "more.jsonl", b"{}\n")
    assert "more.jsonl" in judged(packed, capsys)[1]


def test_the_first_line_that_is_not_what_was_signed_is_named_whoever_fits_the_digests(
    packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = packed.read_bytes()
    lines = members(packed)["entries.jsonl"].splitlines(keepends=True)
    rows = [json.loads(line)["row"] for line in lines]
    altered = lines[40].replace(b"link_down", b"link_dowm")
    for other in (
        [*lines[:40], altered, *lines[41:]],
        [*lines[:40], *lines[41:]],
        [*lines[:40], lines[41], lines[40], *lines[42:]],
        [*lines[:40], b'{"row":1}\n', *lines[40:]],
    ):
        packed.write_bytes(whole)
        changed(packed, "entries.jsonl", b"".join(other))
        summed(packed)
        code, told = judged(packed, capsys)
        assert code == 1
        assert f"line 41 (row {rows[40]})" in told
    for other in (lines[:-1], [*lines, lines[-1]]):
        packed.write_bytes(whole)
        changed(packed, "entries.jsonl", b"".join(other))
        summed(packed)
        assert judged(packed, capsys)[0] == 1


@pytest.mark.parametrize("name", ["hashes.bin", "export.json", "checkpoint", "key.pem"])
def test_what_proves_cannot_be_changed_either(
    log: Made, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = exported(log, tmp_path / "x.zip").path
    data = bytearray(members(packed)[name])
    data[len(data) // 2] ^= 4
    changed(packed, name, bytes(data))
    summed(packed)
    assert judged(packed, capsys)[0] == 1


def test_an_export_of_a_forged_log_has_another_key(
    log: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = exported(made(tmp_path / "forged"), tmp_path / "x.zip").path
    assert judged(forged, capsys)[0] == 0
    kept = str(log.folder / "audit-key.pub.pem")
    code, told = judged(forged, capsys, "--key", kept)
    assert (code, "not the one that you keep" in told) == (1, True)
    assert judged(exported(log, tmp_path / "y.zip").path, capsys, "--key", kept)[0] == 0


def test_without_openssl_it_says_what_is_to_be_run(
    packed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, told = judged(packed, capsys)
    assert code == 2
    assert "NOT checked" in told
    assert "openssl pkeyutl -verify" in told


def test_what_is_not_what_was_signed_is_not_exported(log: Made, tmp_path: Path) -> None:
    bad = log.copy(tmp_path / "bad")
    path = bad.audit / "2026-12-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"port 313"', b'"port 314"'))
    for question in (DAY2, SCHOOL):
        with pytest.raises(LogDamaged, match="row 313"):
            export(bad.audit, question, tmp_path / "x.zip")
    with pytest.raises(NotProved, match="no signed row"):
        export(log.audit, Question(school="school-9"), tmp_path / "x.zip")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_flipped_bit_is_never_fine_and_never_a_crash(
    packed: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    found = members(packed)
    name = data.draw(st.sampled_from(sorted(found)))
    at = data.draw(st.integers(0, len(found[name]) * 8 - 1))
    broken = bytearray(found[name])
    broken[at // 8] ^= 1 << at % 8
    whole = packed.read_bytes()
    try:
        changed(packed, name, bytes(broken))
        assert judged(packed, capsys)[0] == 1
    finally:
        packed.write_bytes(whole)


# Proofs of one row.


@pytest.mark.parametrize("row", [1, 2, 256, 257, 300, 301, 900, 901])
def test_a_row_is_proved_by_a_small_file(
    log: Made, tmp_path: Path, row: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "proof.json"
    said = prove(log.audit, row)
    path.write_bytes(encode(said))
    assert json.loads(said["line"])["row"] == row
    assert len(path.read_bytes()) < 3_000
    assert judged(path, capsys)[0] == 0
    for name, other in (
        ("line", said["line"].replace("agent", "agemt")),
        ("row", row + 1),
        ("proof", said["proof"][1:]),
        ("checkpoint", said["checkpoint"].replace("901", "902")),
    ):
        path.write_bytes(encode({**said, name: other}))
        assert judged(path, capsys)[0] == 1, name


def test_a_row_is_proved_under_an_older_checkpoint(log: Made) -> None:
    assert prove(log.audit, 50, 100)["size"] == 100
    with pytest.raises(NotProved, match="not among the 100"):
        prove(log.audit, 101, 100)
    with pytest.raises(NotProved, match="no checkpoint over 77"):
        prove(log.audit, 50, 77)
    with pytest.raises(NotProved, match="row 902 is not among"):
        prove(log.audit, 902)


def test_the_verifier_needs_nothing_that_python_3_6_lacks() -> None:
    import ast

    source = Path(verify.__file__).read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))
    named = re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)
    known = {"base64", "hashlib", "json", "os", "subprocess", "sys", "tempfile", "zipfile"}
    assert set(named) == known | {"typing"}


# With nothing but coreutils, openssl and Python.

TOOLS = ("sh", "cat", "sha256sum", "openssl", "python3")


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
    packed: Path, empty_root: Path
) -> None:
    with zipfile.ZipFile(packed) as found:
        found.extractall(empty_root / "export")
    text = (empty_root / "export" / "README.txt").read_text("utf-8")
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin") or "chroot"
    commands = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    assert len(commands) == 4

    def run(command: str) -> subprocess.CompletedProcess[bytes]:
        words = [chroot, str(empty_root), "/bin/sh", "-c", f"cd /export && {command}"]
        env = {"PATH": "/bin", "LC_ALL": "C"}
        return subprocess.run(words, capture_output=True, env=env, timeout=60, check=False)

    sums, openssl, digest, own = map(run, commands)
    assert [one.returncode for one in (sums, openssl, digest, own)] == [0] * 4, (
        sums.stderr,
        openssl.stderr,
        digest.stderr,
        own.stdout,
        own.stderr,
    )
    assert sums.stdout.count(b": OK\n") == 10
    assert b"Signature Verified Successfully" in openssl.stdout
    assert "签名有效" in own.stdout.decode()

    path = empty_root / "export" / "entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b"link_down", b"link_dowm", 1))
    sums, openssl, _, own = map(run, commands)
    assert [sums.returncode, openssl.returncode, own.returncode] == [1, 0, 1]
    assert b"entries.jsonl: FAILED" in sums.stdout
    assert b"line 1 (row" in own.stdout
    body = empty_root / "export" / "checkpoint.body"
    body.write_bytes(body.read_bytes().replace(b"901", b"902"))
    assert run(commands[1]).returncode == 1


def test_the_verifier_runs_by_itself_beside_the_files(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as found:
        found.extractall(tmp_path / "x")
    words = [sys.executable, "-I", "verify.py"]
    done = subprocess.run(words, cwd=tmp_path / "x", capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
