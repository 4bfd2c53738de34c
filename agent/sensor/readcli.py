"""`schoolwatch sensor read FILE…`: what captures show of attacks."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from agent.sensor.captures import CaptureError, opened
from agent.sensor.explaining import display_filter, line, span, why
from agent.sensor.incidents import Incident, Stage, Tell
from agent.sensor.network import Network
from agent.sensor.progress import Progress
from agent.sensor.rare import NAMES
from agent.sensor.reading import Tally, read_capture
from agent.sensor.settings import chosen, network_of
from agent.sensor.telling import as_json
from agent.sensor.watching import Watching, watching
from core.errors import ConfigError

DESCRIPTION: Final = """\
Say what attacks a network, from captures that were made there (pcap or pcapng, as tcpdump,
Wireshark and switches write them). One line for each attack when it is over; times are UTC. The
same detectors listen in a school; nothing is sent and nothing is written.

Each FILE is looked at by itself, with packets numbered from 1. Parts of one long capture belong
together first:  mergecap -w - part1 part2 | schoolwatch sensor read -
"""
EPILOG: Final = """\
  schoolwatch sensor read monday.pcapng
  schoolwatch sensor read --json --explain *.pcap
  ssh router tcpdump -w - -U -i br-lan | schoolwatch sensor read -

Exit code: 0 all was read, 1 a capture is damaged or cut off (what it holds up to there is told), or
cannot be read (it is not there, a folder, of somebody else), 2 wrong use or configuration.
"""
STDIN: Final = "-"

Options = Mapping[str, Mapping[str, Any]]
Watch = Callable[[Network, Tell, Options], Watching]
Start = Callable[[Tell], Watching]


@dataclass(slots=True)
class Output:
    """Where words go: events to standard output, everything else beside it."""

    as_json: bool
    explain: bool
    several: bool
    progress: Progress = field(default_factory=lambda: Progress(sys.stderr))

    def event(self, name: str, incident: Incident) -> None:
        """Tell what is over."""
        if not self.as_json:
            self.say(line(incident))
            if self.explain:
                self.say(f"    {why(incident)}")
                self.say(f"    To look at them: tshark -r {name} -Y '{display_filter(incident)}'")
            return
        told = {"file": name} if self.several else {}
        told |= as_json(incident)
        if self.explain:
            told["why"] = why(incident)
        self.say(json.dumps(told, ensure_ascii=False))

    def say(self, text: str) -> None:
        """Write a line to standard output."""
        self.progress.wipe()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Write a line that is no event: beside JSON, or under the events."""
        if self.as_json:
            self.complain(text)
        else:
            self.say(text)

    def complain(self, text: str) -> None:
        """Write a line to standard error."""
        self.progress.wipe()
        sys.stderr.write(text + "\n")


def main(words: Sequence[str], watch: Watch = watching) -> int:
    """Run `sensor read` with *words*; returns the exit code."""
    given = _parser().parse_args(words)
    out = Output(given.json, given.explain, len(given.files) > 1)
    try:
        network, options = _settings(given.config)
        start: Start = partial(_started, watch, network, options)
        return max(_read(name, out, start) for name in given.files)
    except ConfigError as error:
        out.complain(str(error))
        return 2
    except BrokenPipeError:
        # Somebody read enough, as `head` does; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="schoolwatch sensor read",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="a capture; - is standard input")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    parser.add_argument("--explain", action="store_true", help="say why, and which packets show it")
    parser.add_argument(
        "--config", type=Path, help="take networks, exceptions and thresholds from agent.toml"
    )
    return parser


def _settings(path: Path | None) -> tuple[Network, Options]:
    """Return what agent.toml says; raises ConfigError.

    Who is the way out and who resolves names is learnt from the capture all the same: it may come
    from another school than this machine stands in.
    """
    if path is None:
        return Network(), chosen({})
    from agent.config import read_agent  # noqa: PLC0415 — without a file none of it is needed
    from agent.sensing import addresses_of  # noqa: PLC0415

    config = read_agent(path)
    sensor = config.sensor
    allow = {name: getattr(sensor.allow, name) for name in sensor.allow.__struct_fields__}
    network = network_of(subnets=sensor.subnets, devices=addresses_of(config), allow=allow)
    lists = {category: map(str, files) for category, files in sensor.lists().items()}
    return network, chosen(sensor.detectors, lists)


def _started(watch: Watch, network: Network, options: Options, tell: Tell) -> Watching:
    return watch(network, tell, options)


def _read(name: str, out: Output, start: Start) -> int:
    try:
        with _stream(name) as stream:
            return _one("standard input" if name == STDIN else name, stream, out, start)
    except BrokenPipeError:
        raise
    except OSError as error:
        out.complain(f"{name}: {error.strerror}")
        return 1


def _stream(name: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb")


def _one(name: str, stream: BinaryIO, out: Output, start: Start) -> int:
    events = 0

    def tell(incident: Incident, stage: Stage) -> None:
        nonlocal events
        if stage == "end" and not incident.became:
            events += 1
            out.event(name, incident)

    tally, wrong = Tally(), ""
    size = os.fstat(stream.fileno()).st_size
    try:
        capture = opened(name, stream)
        read_capture(
            *(capture, start(tell), tally),
            step=lambda: out.progress.show(capture, size, tally.packets),
        )
    except CaptureError as error:
        wrong = str(error)
    except KeyboardInterrupt:
        wrong = f"{name}: stopped after packet {tally.packets}"
    if tally.packets or not wrong:
        out.note(summary(name, tally, events))
    for text in (*([wrong] if wrong else []), *complaints(name, tally)):
        out.complain(text)
    return 1 if wrong or tally.defects or tally.links or _is_cut(tally) else 0


def summary(name: str, tally: Tally, events: int) -> str:
    """Return how much there was, and what of it could not be read."""
    said = f"{name}: {_counted(tally.packets, 'packet')} in {span(tally.last - tally.first)}, "
    said += f"{_counted(tally.facts, 'fact')}, {_counted(events, 'event')}"
    if tally.malformed:
        reasons = ", ".join(f"{reason} {count}" for reason, count in tally.malformed.most_common())
        said += f"; {_counted(tally.malformed.total(), 'packet')} not read further ({reasons})"
    if tally.forgotten:
        said += f"; {tally.forgotten:,} machines and services forgotten, for which there is no room"
    return said


def complaints(name: str, tally: Tally) -> list[str]:
    """Return what a person should know of a capture that was read."""
    said = [
        f"{name}: {_counted(count, 'packet')} of link type {_link(link, tally.missing)}"
        for link, count in tally.links.items()
    ]
    if _is_cut(tally):
        said.append(
            f"{name}: the capture kept too few bytes of most packets, so little was looked at; "
            "capture again with tcpdump -s 0"
        )
    if tally.backwards:
        said.append(
            f"{name}: {_counted(tally.backwards, 'packet')} older than the one before; put them "
            f"in order first: reordercap {name} NEW"
        )
    if tally.defects:
        said.append(
            f"{name}: a detector failed on {_counted(tally.defects, 'fact')}, first at "
            f"{tally.defect}. That is a mistake in schoolwatch; please report it"
        )
    return said


def _is_cut(tally: Tally) -> bool:
    """Return whether a capture shows too little of its packets to say that nothing is wrong."""
    return tally.malformed["cut"] > tally.packets / 2


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _link(link: int, missing: str) -> str:
    name = NAMES.get(link)
    if name is None:
        return f"{link}, which is not read here"
    return f"{link} ({name}), which needs {missing}: pip install 'schoolwatch[sensor]'"
