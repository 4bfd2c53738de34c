"""The front door: `schoolwatch <command>` loads the program asked for, and nothing else.

The first words decide before anything is imported, so a running agent never holds click, rich,
aiohttp or the collector in memory.
"""

import os
import sys
from collections.abc import Sequence

COMPLETE = "_SCHOOLWATCH_COMPLETE"
"""Set by the shell's script at Tab; see `schoolwatch completion --help`."""

HELP = """\
schoolwatch — monitoring for the networks and classrooms of a school district

Try it on this machine:
  schoolwatch up               broker, collector and one agent here; names the page to open

In a school:
  schoolwatch agent run        the agent:                 --config agent.toml
  schoolwatch agent check      everything once, and what to do where it does not work
  schoolwatch agent probe cpu  one probe once, its readings printed as line protocol
  schoolwatch agent discover   what is in a network that you name, and its configuration
  schoolwatch sensor read FILE what a capture (pcap, pcapng) shows of attacks

In the district:
  schoolwatch deploy init      its folder: services, certificates, passwords; then: deploy agent
  schoolwatch collector run    the collector:             --config collector.toml
  schoolwatch collector backup a copy of its database:    --config collector.toml FILE
  schoolwatch store init       databases and users of an InfluxDB, made where missing
  schoolwatch store check      what is wrong with the database, in words
  schoolwatch notify test      a test message through each channel, and why one fails
  schoolwatch accounts add     who may acknowledge and silence alerts on the pages
  schoolwatch status           who is up, who is not, and why (asks the running collector)
  schoolwatch ledger           what is missing, since when and why
  schoolwatch audit verify     is the audit log whole and unchanged; also: prove, search, export
  schoolwatch audit copy       a copy of the audit log; `audit drill` tries whether it is of use
  schoolwatch audit report     the self-check of clauses with their evidence (自查)
  schoolwatch audit scan       is any identity or mobile number kept anywhere
  schoolwatch audit witness    keeps the log's checkpoints on the auditor's own machine

To try, to show and to test with:
  schoolwatch simulate run     a made-up district over real MQTT; `history` writes its past

Before you start anything:
  schoolwatch check-config FILE…   every mistake with file, line and the nearest right word
  schoolwatch roster check FILE    every row of the list of schools that is not in order
  schoolwatch rules check FILE     alert rules: every mistake; also: rules list, rules test
  schoolwatch calendar check FILE  holidays and lessons: every bad row; also: calendar show
  schoolwatch routes show          who would hear of an alert, and why; `routes check`: of which not

  schoolwatch completion bash      what makes the Tab key know all this (also zsh, fish)

Each command explains itself:  schoolwatch <command> --help
Exit code: 0 fine, 1 something was found wrong, 2 wrong use or configuration.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that *argv* names; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None and (wanted := os.environ.get(COMPLETE)):
        return _complete(wanted)
    match words[:1]:
        case [] | ["--help"] | ["-h"] | ["help"]:
            sys.stdout.write(HELP)
            return 0 if words else 2
        case ["--version"]:
            from core import VERSION

            sys.stdout.write(f"schoolwatch {VERSION}\n")
            return 0
        case ["agent" | "sensor"]:
            return _in_a_school(words)
        case ["check-config"]:
            return _check_config(words[1:])
        case _:
            return _simulate(words) if words[0] == "simulate" else _district(words)


def _in_a_school(words: list[str]) -> int:
    if words[0] == "sensor":
        from agent.sensor.cli import main as sensor_main

        return sensor_main(words[1:])
    from agent.cli import main as agent_main

    return agent_main(words[1:])


def _complete(wanted: str) -> int:
    try:
        from collector.cli import commands, complete
        from simulator.cli import simulate_group
    except ModuleNotFoundError:
        # An agent's installation has no click. Whatever is said here would land in the command
        # line that somebody is typing.
        return 1
    commands.add_command(simulate_group)
    return complete(wanted)


def _simulate(words: list[str]) -> int:
    try:
        from simulator.cli import main as simulate_main
    except ModuleNotFoundError as missing:
        return _left_out(words[0], missing)
    return simulate_main(words[1:])


def _district(words: list[str]) -> int:
    try:
        from collector.cli import main as collector_main
    except ModuleNotFoundError as missing:
        return _left_out(words[0], missing)
    return collector_main(words)


def _left_out(word: str, missing: ModuleNotFoundError) -> int:
    if missing.name and missing.name.split(".")[0] in {"agent", "collector", "core", "simulator"}:
        raise missing
    extra = "trial" if word == "up" else "collector"
    sys.stderr.write(
        f"schoolwatch {word} needs {missing.name}, which an agent's installation leaves "
        f"out.\nInstall it with:  pip install 'schoolwatch[{extra}]'\n"
    )
    return 2


def _check_config(words: list[str]) -> int:
    from core.checkconfig import main as check_main

    readers = {"agent": "agent.config:read_agent", "collector": "collector.config:read_collector"}
    readers["accounts"] = "alerts.people.accounts:read_accounts"
    readers["statements"] = "collector.evidence.report.statements:read_statements"
    readers["calendar"] = "collector.timetable.files:check"
    readers["incidents"] = "alerts.incidents.clocks:read_incidents"
    readers["logs"] = "agent.logs.family:read_family"
    readers["routing"] = "alerts.routing.check:read_routing"
    readers["profile"] = "agent.devices.profile:read_profile"
    readers["rules"] = "alerts.language.file:read_rules"
    readers["scenario"] = "simulator.scenario:read_scenario"
    readers["template"] = "agent.devices.templates:read_template"
    readers["timelines"] = "alerts.language.timeline:read_timelines"
    return check_main(words, readers)


if __name__ == "__main__":
    sys.exit(main())
