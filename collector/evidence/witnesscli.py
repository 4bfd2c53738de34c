"""`schoolwatch audit witness`, `compare`, `acknowledge`, `key`, `rotate-key`: who holds the log.

The first two are the auditor's, on a machine of the auditor's own; the others the collector's.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from collector.terminal import url_option
from core.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from collector.evidence.witnesshost import Outcome

FILE: Final = click.Path(dir_okay=False, exists=True, path_type=Path)
OLD_S: Final = 3_600

_SAID: Final = {
    "first": ("已保存第一个检查点，以后据此核对", "the first checkpoint is kept"),
    "newer": ("审计日志是上次的延续，未被删改", "the log continues what is held"),
    "same": ("审计日志没有新的检查点，与所持一致", "there is no newer checkpoint"),
    "accepted": ("已按您的决定接受，旧检查点留作证据", "taken as you decided; the old one is kept"),
    "forged": ("审计日志被改写：不是所持检查点的延续", "THE LOG WAS REWRITTEN"),
    "shorter": ("审计日志变短：被截断，或从备份恢复", "THE LOG WAS CUT, OR SET BACK"),
    "untrusted": ("检查点的签名不可信：密钥被更换或伪造", "THE SIGNATURE IS NOT BY A KNOWN KEY"),
}
_DO: Final = (
    "请保全现场：不要通知被审计方重启或清理，保留本文件夹，向其索取恢复备份的登记。",
    "Leave everything as it is, keep this folder, and ask for the record of a restored backup.",
)


@click.command("witness", short_help="Keep the log's checkpoints, and see that it only grew.")
@url_option
@click.option(
    "--key", required=True, help="The verifier key (schoolwatch/d1+…+…), or a file that has it."
)
@click.option(
    "--keep",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for what was accepted, on the auditor's own machine.",
)
@click.option(
    "--every", type=click.FloatRange(min=1), metavar="SECONDS", help="Go on until Ctrl-C."
)
@click.option("--accept", default="", metavar="WHY", help="Take a log that was set back, by hand.")
@click.option("--tsa", metavar="URL", help="Ask this authority for RFC 3161 time stamps.")
@click.option("--tsa-ca", type=FILE, help="The certificates that are trusted to sign them.")
@click.option(
    "--max-age",
    type=click.IntRange(min=60),
    default=OLD_S,
    show_default=True,
    metavar="SECONDS",
    help="An older checkpoint is a finding: the log stands still.",
)
@click.pass_context
def witness_command(
    context: click.Context, /, url: str, key: str, keep: Path, every: float | None, **options: Any
) -> None:
    """Fetch the newest checkpoint, check it against those in FOLDER, and keep it.

    For cron, each few minutes. Also notices what was rewritten with root's rights and the key in
    hand, back to the last checkpoint that is kept here.

    Exit code: 0 the log only grew, 1 it did not, or its checkpoint is old, 2 nobody answers or
    wrong use.
    """
    if options["tsa"] and not options["tsa_ca"]:
        raise click.UsageError("--tsa needs --tsa-ca: whose signature on a time stamp is trusted?")
    verifier = _key(key)
    while True:
        code = _once(url, verifier, keep, options)
        if not every:
            context.exit(code)
        time.sleep(every)


def _once(url: str, key: str, folder: Path, options: dict[str, Any]) -> int:
    from collector.evidence.asking import Asked, ask  # noqa: PLC0415 — `--help` needs none of it
    from collector.evidence.notary import at_of  # noqa: PLC0415
    from collector.evidence.timestamping import stamp  # noqa: PLC0415
    from collector.evidence.witnesshost import BAD, Keep  # noqa: PLC0415
    from collector.terminal import NoAnswer  # noqa: PLC0415
    from core import clock  # noqa: PLC0415
    from core.lock import hold  # noqa: PLC0415

    with hold(folder / "witness.lock", "witness", "--keep"):
        keep = Keep(folder, key)
        try:
            asked: Asked = ask(url)
            outcome = keep.take(asked.note, asked.proof, asked.statements, options["accept"])
        except NoAnswer as problem:
            since = keep.not_reached()
            _say(
                f"自 {since} 起无法取得检查点", f"no checkpoint since {since}: {problem}", err=True
            )
            return 2
        keep.reached()
        _tell(outcome)
        code = 1 if outcome.what in BAD else 0
        age = (clock.now() - at_of(outcome.new)) // clock.SECOND
        if not code and age > options["max_age"]:
            _say(
                f"检查点已有 {age} 秒未更新：日志可能停止签名",
                f"the checkpoint is {age} s old: the log stands still",
            )
            code = 1
        if options["tsa"] and outcome.what in ("first", "newer", "accepted"):
            try:
                made = stamp(folder, asked.note, options["tsa"], options["tsa_ca"])
                _say(f"已取得时间戳：{made}", f"time stamp: {made}")
            except MonitorError as error:
                _say(f"未取得时间戳：{error}", f"no time stamp: {error}", err=True)
                code = code or 1
        return code


def _tell(outcome: "Outcome") -> None:
    from collector.evidence.witnesshost import BAD  # noqa: PLC0415

    new, held = outcome.new, outcome.held
    zh, en = _SAID[outcome.what]
    sizes = f"{held.size} → {new.size}" if held else f"{new.size}"
    why = f" ({outcome.why})" if outcome.why else ""
    _say(f"{new.origin}：{zh}；行数 {sizes}", f"{new.origin}: {en}; rows {sizes}{why}")
    if outcome.what in BAD:
        _say(*_DO)
    if outcome.evidence:
        _say(f"证据：{outcome.evidence}", f"evidence: {outcome.evidence}")


@click.command("compare", short_help="Hold a log's rows to the checkpoints that others kept.")
@click.option(
    "--keep", type=click.Path(file_okay=False, exists=True, path_type=Path), multiple=True
)
@click.option("--notes", type=FILE, multiple=True, help="What `schoolwatch agent witness` printed.")
@click.option(
    "--log",
    "log",
    required=True,
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The collector's folder audit/, or a copy of it.",
)
@click.option("--key", multiple=True, help="Only notes by these verifier keys count; else all.")
@click.pass_context
def compare_command(
    context: click.Context,
    keep: tuple[Path, ...],
    notes: tuple[Path, ...],
    log: Path,
    key: tuple[str, ...],
) -> None:
    """Read every row of the log, and compare with each checkpoint that --keep and --notes hold.

    Exit code: 0 all agree, 1 one does not, 2 wrong use.
    """
    from collector.evidence.comparing import compared, read_all  # noqa: PLC0415

    files = [*notes, *(folder / "checkpoints" for folder in keep)]
    if not files:
        raise click.UsageError("nothing to compare with: give --keep or --notes")
    found = compared(log, read_all(files, [_key(one) for one in key]))
    for line in found.lines():
        click.echo(line)
    context.exit(0 if found.fine else 1)


@click.command("acknowledge", short_help="Say that the log was restored, by whom and why.")
@click.option("--config", type=FILE, required=True, help="The collector's own file.")
@click.option("--by", required=True, metavar="NAME", help="Who answers for it.")
@click.option("--because", required=True, metavar="WHY", help="What happened, in a sentence.")
def acknowledge_command(config: Path, by: str, because: str) -> None:
    """Acknowledge that the audit log was put back from a backup, so that witnesses follow it.

    Works beside a running collector. It is a row of the log and a signed statement; every agent
    keeps what it held before as evidence, and the auditor decides for the auditor's own host.
    """
    from collector.config import read_to_start  # noqa: PLC0415 — `--help` needs no database
    from collector.evidence.acknowledging import acknowledge  # noqa: PLC0415

    if not by.strip() or not because.strip():
        raise click.UsageError("--by and --because say who answers for it, and why")
    said = acknowledge(read_to_start(config).collector, by, because)
    _say(
        f"已登记：{said.time} 之前持有、超过 {said.size} 行的检查点不再要求",
        f"checkpoints of more than {said.size} rows that were held before {said.time} are given up",
    )


@click.command("rotate-key", short_help="Another key for the log; witnesses follow it.")
@click.option("--config", type=FILE, required=True, help="The collector's own file.")
def rotate_command(config: Path) -> None:
    """Make another key for the audit log, while the collector does not run.

    The old key signs the new one's name, so that agents and auditors follow it by themselves. The
    old private key is deleted.
    """
    from collector.config import read_to_start  # noqa: PLC0415 — `--help` needs no key
    from collector.evidence.rotating import rotated  # noqa: PLC0415
    from collector.operating import Whose, recorded  # noqa: PLC0415

    table = read_to_start(config).collector
    with recorded(Whose(table, ours=table.audit_key is None), "audit rotate-key"):
        old, new = rotated(table)
    _say(f"旧密钥：{old}", f"the old key: {old}")
    _say(f"新密钥：{new}", f"the new key: {new}")


@click.command("key", short_help="The verifier key, for agents and auditors.")
@click.option("--config", type=FILE, required=True, help="The collector's own file.")
def key_command(config: Path) -> None:
    """Print the verifier key of the collector's audit log: hand it on in person."""
    from collector.config import read_to_start  # noqa: PLC0415
    from collector.evidence.signing import Signer, origin_of  # noqa: PLC0415

    table = read_to_start(config).collector
    path = table.signing_key
    if not path.is_file():
        raise ConfigError(f"{path}: there is no key yet; the collector's first start makes one")
    click.echo(Signer(origin_of(table.id), path).verifier_key)


def _key(given: str) -> str:
    from core.merkle.note import NoteError, read_verifier_key  # noqa: PLC0415

    text, path = given.strip(), Path(given)
    if "+" not in text or path.is_file():
        try:
            lines = path.read_text("utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"--key {given!r} is neither a key nor a file: {error}") from None
        text = next((line for line in lines if "+" in line), "")
    try:
        read_verifier_key(text)
    except NoteError as error:
        raise ConfigError(f"--key {given!r}: {error}") from None
    return text


def _say(zh: str, en: str, *, err: bool = False) -> None:
    for text in (zh, en):
        click.echo("".join(c if c.isprintable() or c == "\n" else "?" for c in text), err=err)
    sys.stdout.flush()
