"""`schoolwatch completion bash|zsh|fish`: what makes the Tab key know every command and option.

    eval "$(schoolwatch completion bash)"        in ~/.bashrc

The script asks `schoolwatch` itself at every Tab, by a variable in the environment; the front door
then hands the words to us, also those of programs that are no click commands. For these there are
commands here that do nothing but be completed; a test holds them against the programs.
"""

import os
import tomllib
from importlib.resources import files
from typing import Final

import click
from click.shell_completion import get_completion_class

PROGRAM: Final = "schoolwatch"
VARIABLE: Final = "_SCHOOLWATCH_COMPLETE"
SHELLS: Final = ("bash", "zsh", "fish")
FILE: Final = click.Path(dir_okay=False)
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


@click.command("completion", short_help="What makes the Tab key of your shell know schoolwatch.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion_command(shell: str) -> None:
    """Print the script for SHELL; the shell has to read it at each start.

    \b
    bash:  eval "$(schoolwatch completion bash)"        in ~/.bashrc
    zsh:   eval "$(schoolwatch completion zsh)"         in ~/.zshrc
    fish:  schoolwatch completion fish | source         in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind, shell
    click.echo(kind(completion_command, {}, PROGRAM, VARIABLE).source())


def complete(commands: click.Command, wanted: str) -> int:
    """Answer what a shell asks at Tab, in the words of *wanted* (`bash_complete`)."""
    shell, _, what = wanted.partition("_")
    kind = get_completion_class(shell)
    if kind is None or what != "complete" or "COMP_WORDS" not in os.environ:
        return 1
    click.echo(kind(commands, {}, PROGRAM, VARIABLE).complete())
    return 0


def _probes(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the probes that begin so; the sample of the agent's configuration has them all."""
    sample = (files("configs") / "agent.toml").read_text("utf-8")
    return sorted(name for name in tomllib.loads(sample)["probes"] if name.startswith(begun))


def _nothing() -> None:
    """Be completed; the front door runs the program that is meant."""


def elsewhere() -> dict[str, click.Command]:
    """Return the commands that the front door keeps from us, only to be completed."""
    run = click.Command(
        "run",
        callback=_nothing,
        params=[
            click.Option(["--config"], type=FILE),
            click.Option(["--log-level"], type=click.Choice(LEVELS)),
        ],
        short_help="Probe, spool and send.",
    )
    agent_check = click.Command(
        "check",
        callback=_nothing,
        params=[click.Option(["--config"], type=FILE), click.Option(["--json"], is_flag=True)],
        short_help="Everything once.",
    )
    probe = click.Command(
        "probe",
        callback=_nothing,
        params=[
            click.Argument(["name"], required=False, shell_complete=_probes),
            click.Argument(["settings"], nargs=-1),
            click.Option(["--config"], type=FILE),
            click.Option(["--json"], is_flag=True),
        ],
        short_help="One probe once.",
    )
    check = click.Command(
        "check-config",
        callback=_nothing,
        params=[
            click.Argument(["files"], type=FILE, nargs=-1),
            click.Option(["--json"], is_flag=True),
        ],
        short_help="Every mistake in configuration files.",
    )
    device, wake = (
        click.Command(
            name,
            callback=_nothing,
            params=[click.Argument(["id"], required=False), click.Option(["--config"], type=FILE)],
            short_help=about,
        )
        for name, about in (("device", "One device once."), ("wake", "Switch a computer on."))
    )
    device.params.append(click.Option(["--json"], is_flag=True))
    discover = click.Command(
        "discover",
        callback=_nothing,
        params=[
            click.Argument(["network"], required=False),
            *(click.Option([f"--{name}"], type=FILE) for name in ("community-file", "config")),
            click.Option(["--write"], type=FILE),
            *(click.Option([f"--{name}"], is_flag=True) for name in ("large", "json")),
        ],
        short_help="What is in a network.",
    )
    programs = {"run": run, "check": agent_check, "probe": probe, "device": device, "wake": wake}
    programs["discover"] = discover
    agent = click.Group("agent", programs, short_help="What runs in a school.")
    read = click.Command(
        "read",
        callback=_nothing,
        params=[
            click.Argument(["files"], type=FILE, nargs=-1),
            *(click.Option([f"--{name}"], is_flag=True) for name in ("json", "explain")),
            click.Option(["--config"], type=FILE),
        ],
        short_help="What captures show of attacks.",
    )
    sensor = click.Group("sensor", {"read": read}, short_help="What attacks a network.")
    return {"agent": agent, "sensor": sensor, "check-config": check}
