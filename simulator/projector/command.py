"""`schoolwatch simulate projector`: one projector to ask and to switch, on this machine."""

import asyncio
from pathlib import Path
from typing import Any, Final

import click

from agent.clients.address import host_and_port
from core import clock
from core.errors import StartError
from core.secrets import secret
from simulator.projector.faults import FAULTS
from simulator.projector.machine import Machine
from simulator.projector.script import Step, check_faults, play, read_script
from simulator.projector.server import Projector

FILE: Final = click.Path(dir_okay=False, path_type=Path)
PASSWORD_ENV: Final = "SCHOOLWATCH_PJLINK_PASSWORD"  # noqa: S105  # names the variable
WORDS: Final = "\n".join(f"  {word:<14} {meaning}" for word, meaning in FAULTS.items())


@click.command("projector", short_help="A projector that speaks PJLink, and has faults.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", type=click.IntRange(0, 65_535), default=4352, show_default=True)
@click.option("--class", "version", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--password-file", type=FILE, help=f"Else {PASSWORD_ENV}, else it wants none.")
@click.option(
    "--auth",
    type=click.Choice(["none", "md5", "sha256"]),
    help="How it wants the password.  [sha256 where there is one]",
)
@click.option("--fault", "faults", multiple=True, metavar="WORD", help="See below; repeatable.")
@click.option("--power", type=click.Choice(["off", "warming", "on", "cooling"]), default="off")
@click.option("--warm", "warm_s", type=click.FloatRange(0, 600), default=30.0, show_default=True)
@click.option("--cool", "cool_s", type=click.FloatRange(0, 600), default=60.0, show_default=True)
@click.option("--script", type=FILE, help="What happens to it and when (docs/pjlink.md).")
@click.option("--notify", metavar="HOST:PORT", help="Tells there what changes, over UDP.")
@click.option("--for", "length_s", type=click.FloatRange(0), help="Seconds; without: until Ctrl-C.")
def projector_command(*, faults: tuple[str, ...], script: Path | None, **more: Any) -> None:
    """Be a projector: print what is asked, and let a controller switch it (POWR 1, POWR 0)."""
    check_faults(faults, "--fault")
    steps = read_script(script) if script else ()
    machine = Machine(more["version"], more["warm_s"], more["cool_s"])
    machine.be(more["power"])
    projector = Projector(
        machine,
        faults=faults,
        password=secret(more["password_file"], PASSWORD_ENV),
        auth=more["auth"],
        host=more["host"],
        port=more["port"],
        notify=_address(more["notify"]),
        told=_show,
    )
    asyncio.run(_run(projector, steps, more["length_s"]))


projector_command.epilog = "\b\nFaults:\n" + WORDS


def _address(text: str | None) -> tuple[str, int] | None:
    try:
        return host_and_port(text, 4352) if text else None
    except ValueError as error:
        raise click.UsageError(f"--notify: {error}") from None


def _show(question: str, answer: str) -> None:
    click.echo(f"{clock.rfc3339(clock.now())}  {question}  ->  {answer}")


async def _run(projector: Projector, steps: tuple[Step, ...], length_s: float | None) -> None:
    try:
        async with projector:
            click.echo(f"a projector listens on {projector.host} port {projector.port}")
            async with asyncio.timeout(length_s):
                await play(steps, projector)
                await asyncio.get_running_loop().create_future()
    except TimeoutError:
        pass
    except OSError as error:
        port = f"{projector.host} port {projector.port}"
        raise StartError(f"cannot listen on {port}: {error.strerror}; see --port") from None
