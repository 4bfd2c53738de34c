"""`schoolwatch audit copy` and `audit drill`: a copy of the log, and proof that it can be used."""

from pathlib import Path

import click

from core.disk import shut_others_out
from core.errors import MonitorError

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
_CONFIG = click.option("--config", type=FILE, required=True, help="The collector's own file.")


@click.command("copy", short_help="A copy of the log, made beside the running collector.")
@_CONFIG
@click.argument("to", type=FOLDER)
def copy_command(config: Path, to: Path) -> None:
    """Copy the audit log up to its newest checkpoint into the folder TO.

    Where TO holds an older copy, only what is new is written; it may be on another disk or another
    machine's share. `sha256sum -c SHA256SUMS` checks it. The private key is never in it. The copy
    is recorded in the audit log (backup_made).

    Exit code 1: the copy could not be made; or it was, and that could not be recorded.
    """
    from collector.config import read_to_start  # noqa: PLC0415 — `--help` needs no database
    from collector.evidence.copying import copy_log  # noqa: PLC0415
    from collector.evidence.queried import note_about  # noqa: PLC0415

    shut_others_out()
    table = read_to_start(config).collector
    try:
        made = copy_log(table.audit_folder, to)
    except OSError as error:
        raise MonitorError(f"the copy {to} could not be made: {error}") from error
    root = made.root.hex()
    click.echo(f"{made.path}: {made.rows} rows in {made.files} files, {made.fresh} of them new")
    click.echo(f"root {root}")
    said = {"rows": made.rows, "root": root, "files": made.files, "bytes": made.bytes}
    try:
        note_about(table, "backup_made", str(to.absolute()), said)
    except MonitorError as error:
        raise MonitorError(f"{to} was made, but that could not be recorded: {error}") from error


@click.command("drill", short_help="Put a copy back into an empty folder, and check all of it.")
@_CONFIG
@click.argument("copy", type=FOLDER)
@click.option("--into", type=FOLDER, required=True, metavar="FOLDER", help="Empty or missing.")
def drill_command(config: Path, copy: Path, into: Path) -> None:
    """Restore the copy COPY into an empty folder, and check files, lines, tree and checkpoints.

    Its root has to be that of the log itself over as many rows, so no copy passes that was made up
    or rewritten as a whole. What the collector works with is not touched. The drill is recorded in
    the audit log (restore_drilled) with its figures, also where it failed; the folder is yours to
    delete.

    Exit code 1: the copy cannot be used, and why; or the drill could not be recorded.
    """
    from collector.config import read_to_start  # noqa: PLC0415 — `--help` needs no database
    from collector.evidence.copying import drill  # noqa: PLC0415
    from collector.evidence.queried import note_about  # noqa: PLC0415

    table, where = read_to_start(config).collector, str(copy.absolute())
    try:
        found = drill(copy, into, table.audit_folder)
    except (MonitorError, OSError) as error:
        note_about(table, "restore_drilled", where, {}, failed=str(error))
        raise MonitorError(f"{copy} cannot be used: {error}") from error
    said = {
        "rows": found.rows,
        "root": found.root.hex(),
        "checkpoints": found.checkpoints,
        "files": found.files,
        "bytes": found.bytes,
        "seconds": round(found.seconds, 1),
    }
    note_about(table, "restore_drilled", where, said)
    click.echo(
        f"{copy} can be used: {found.rows} rows from row {found.oldest} on, {found.checkpoints} "
        f"checkpoints, {found.bytes} bytes in {found.files} files, checked in {found.seconds:.1f} s"
    )
