"""`schoolwatch simulate device`: a device of a template on a TCP port, to try the agent with."""

import asyncio
from pathlib import Path
from typing import Any, Final

import click

from agent.devices.account import PASSWORD_ENV, password_of
from agent.devices.bytetemplate import template_of
from agent.devices.templates import find_template
from core.errors import StartError
from simulator.device.answers import usual
from simulator.device.server import FAULTS, PlayedDevice

FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.command("device", short_help="A device that a template describes, on a TCP port.")
@click.argument("template")
@click.option(
    "--templates",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="A folder with templates of your own.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0: any free one.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A captured value.")
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=HEX", help="As the agent's."
)
@click.option(
    "--password-file", type=FILE, help=f"Wanted where it has a login; else {PASSWORD_ENV}."
)
@click.option("--fault", type=click.Choice(FAULTS), default="none", show_default=True)
@click.option("--for", "length_s", type=click.FloatRange(0), help="Seconds; without: until Ctrl-C.")
def device_command(
    *, template: str, values: tuple[str, ...], parameters: tuple[str, ...], **more: Any
) -> None:
    """Play the device of TEMPLATE, well and switched on unless --set says otherwise.

    \b
    schoolwatch simulate device nec-multisync --port 7142 --set power=0004
    """
    made = template_of(find_template(template, more["templates"]), _pairs(parameters))
    wanted = _pairs(values)
    known = [name for one in made.questions for name in one.answer.names]
    for name in wanted:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not captured; there are {', '.join(known)}")
    password = password_of(more["password_file"])
    played = PlayedDevice(made, wanted, more["fault"], password, _tell)
    shown = ", ".join(f"{name}={value}" for name, value in (usual(made) | wanted).items())
    click.echo(f"{made.file.name}: {shown or 'nothing to set'}")
    asyncio.run(_play(played, more["host"], more["port"], more["length_s"]))


async def _play(played: PlayedDevice, host: str, port: int, length_s: float | None) -> None:
    try:
        async with played.serving(host, port) as taken:
            click.echo(f"a device listens on {host} port {taken}")
            async with asyncio.timeout(length_s):
                await asyncio.get_running_loop().create_future()
    except TimeoutError:
        pass
    except OSError as error:
        text = f"cannot listen on {host} port {port}: {error.strerror}; see --port"
        raise StartError(text) from None


def _tell(asked: bytes, answered: bytes) -> None:
    click.echo(f"asked {asked.hex(' ').upper()}  answered {answered.hex(' ').upper() or 'nothing'}")


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise click.BadParameter(f"{text!r} is no NAME=VALUE")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}
