"""`schoolwatch audit verify` and `audit prove`: is it whole, is it unchanged, is this row in it.

Watch it work: schoolwatch audit verify var/collector
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from core.errors import ConfigError

if TYPE_CHECKING:
    from collector.evidence.findings import Report

FILE: Final = click.Path(dir_okay=False, path_type=Path)
PLACE: Final = click.Path(path_type=Path)


@click.command("verify", short_help="Whether the log, an export or a proof is unchanged.")
@click.argument("place", type=PLACE, required=False)
@click.option("--config", type=FILE, help="The collector's own file, in place of PLACE.")
@click.option(
    "--key",
    "keys",
    type=FILE,
    multiple=True,
    help="The public key that you keep (PEM, or NAME+ID+KEY); may be given for each key there was.",
)
@click.option(
    "--witness",
    "witnesses",
    type=FILE,
    multiple=True,
    help="Checkpoints that somebody else holds: a file of signed notes, or an agent's held.json.",
)
@click.option(
    "--every-line", is_flag=True, help="Look at how each line is written too; takes twice as long."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def verify_command(
    context: click.Context,
    place: Path | None,
    config: Path | None,
    keys: tuple[Path, ...],
    witnesses: tuple[Path, ...],
    *,
    every_line: bool,
    as_json: bool,
) -> None:
    """Say whether PLACE is whole and unchanged, and else name the first bad record and why.

    PLACE is a collector.toml, a folder with a log (a collector's, or a copy), or an export or a
    proof (ZIP), which is unpacked into a temporary folder. Works beside a running collector, and
    writes nothing else.

    Exit code: 0 fine, 1 something is wrong, 2 wrong use, or a signature could not be checked.
    """
    from collector import terminal  # noqa: PLC0415 — brings rich

    terminal.forgive_output()
    where = config or place
    if where is None or (config and place):
        raise click.UsageError("name one: PLACE or --config")
    if where.is_file() and _is_handed_out(where):
        context.exit(_verify_handed_out(where, keys, as_json=as_json))
    report = _report(where, keys, witnesses, every_line=every_line)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        for line in _in_words(report):
            click.echo(terminal.safe(line).plain)
    context.exit(0 if report.fine else 1)


def _report(
    where: Path, keys: tuple[Path, ...], witnesses: tuple[Path, ...], *, every_line: bool
) -> "Report":
    from collector.evidence.heads import read_public, witnessed  # noqa: PLC0415 — cryptography
    from collector.evidence.verify import Check  # noqa: PLC0415
    from collector.evidence.where import log_at  # noqa: PLC0415

    log = log_at(where)
    given = [read_public(path) for path in keys] or None
    own = read_public(log.key) if log.key.is_file() else None
    held = [head for path in witnesses for head in witnessed(path)]
    try:
        return Check(log.folder, given, held, own, every_line).run()
    except OSError as error:
        raise ConfigError(f"{log.folder} cannot be read: {error}") from None


def _in_words(report: "Report") -> list[str]:
    from collector.evidence.findings import WORDS  # noqa: PLC0415

    rows = f"rows {report.first} to {report.last}" if report.rows else "no rows"
    found = [
        f"{report.origin or 'no origin'}: {rows} in {report.segments} files, "
        f"{report.checkpoints} checkpoints, {report.witnesses} of witnesses",
    ]
    if report.signed:
        found += [f"signed {report.signed_at} over {report.signed} rows", f"key {report.key}"]
    for one in report.findings:
        zh, en = WORDS[one.word]
        place = " ".join(
            part
            for part in (
                one.file,
                f"line {one.line}" if one.line else "",
                f"row {one.row}" if one.row else "",
            )
            if part
        )
        mark = "BAD " if one.bad else "note"
        found.append(f"{mark} {one.word} {zh}: {place + ': ' if place else ''}{one.what} ({en})")
    last = "fine: 日志完整，未被改动" if report.fine else "BAD: 日志有问题，见上"
    return [*found, last]


def _is_handed_out(path: Path) -> bool:
    with path.open("rb") as file:
        begin = file.read(2)  # the end is gone where one was cut
    if begin.startswith(b"{"):
        raise ConfigError(
            f"{path} is a proof by an older version, which is not read any more: make it anew with "
            "schoolwatch audit prove"
        )
    return begin == b"PK"


def _verify_handed_out(path: Path, keys: tuple[Path, ...], *, as_json: bool) -> int:
    """Check an export with the program that whoever has it runs too."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    if len(keys) > 1:
        raise click.UsageError("an export has one key: give --key once")
    try:
        with TemporaryDirectory() as place:
            code, said = _unpacked_and_verified(path, keys, Path(place))
    except OSError as error:
        raise ConfigError(f"{path} cannot be unpacked into a temporary folder: {error}") from None
    if as_json:
        found: dict[str, Any] = {"fine": code == 0, "signature": code != 2, "said": said}
        said = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    sys.stdout.write(said)
    return code


def _unpacked_and_verified(path: Path, keys: tuple[Path, ...], place: Path) -> tuple[int, str]:
    from collector.evidence.heads import pem_of, read_public  # noqa: PLC0415 — cryptography
    from collector.evidence.standalone import verify  # noqa: PLC0415

    key, folder = place / "key.pem", place / "export"
    words = [sys.executable, "-I", verify.__file__, str(folder)]
    if keys:
        key.write_bytes(pem_of(read_public(keys[0])))
        words += ["--key", str(key)]
    try:
        _unpack(path, folder)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 — zipfile raises a dozen kinds for a damaged file
        return 1, f"✗ 有问题，无法解包 / BAD, it cannot be unpacked: {error}\n"
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode()


def _unpack(path: Path, folder: Path) -> None:
    """Unpack a ZIP to no more than what DEFLATE makes of its size; raises for one that cheats."""
    from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile  # noqa: PLC0415

    with ZipFile(path) as packed:
        names, members = packed.namelist(), packed.infolist()
        if len({*names}) < len(names):
            raise ValueError("a file is twice in it")
        if any(one.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for one in members):
            raise ValueError("it is packed in a way that exports are not")
        if sum(one.compress_size for one in members) > path.stat().st_size:
            raise ValueError("its files lie over each other")
        packed.extractall(folder)


@click.command("prove", short_help="A proof that one row is in the signed log, as a small ZIP.")
@click.argument("row", type=click.IntRange(min=1))
@click.option("--config", "place", type=PLACE, required=True, help="Its file, or a log's folder.")
@click.option("--size", type=click.IntRange(min=1), default=None, help="Of an older checkpoint.")
@click.option("--out", type=FILE, required=True, help="The ZIP; never over a file that is there.")
def prove_command(row: int, place: Path, size: int | None, out: Path) -> None:
    """Prove that ROW is in the log that was signed.

    It is an export of that row alone: whoever has it checks it with `schoolwatch audit verify`, or
    as its README.txt says.
    """
    from collector.evidence.export import prove, writing  # noqa: PLC0415 — cryptography
    from collector.evidence.queried import note_query  # noqa: PLC0415
    from collector.evidence.where import log_to_ask  # noqa: PLC0415

    log = log_to_ask(place)
    with writing(out) as to:
        made = prove(log.folder, row, to, size or 0)
        if log.table is not None:
            note_query(log.table, "audit_queried", {"what": "prove", "row": row})
    click.echo(f"{out}: row {row}, SHA-256 {made.sha256}")
