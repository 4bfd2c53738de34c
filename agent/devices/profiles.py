"""The profiles that there are: those that come with the agent, and those of an operator."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from agent.devices.profile import Profile, read_profile
from core.errors import ConfigError
from core.hints import hint, quoted
from core.tomllines import KeyPath

OURS: Final = Path(__file__).parent.parent / "profiles"
GENERIC: Final = "generic"
"""What is taken for a device that no other profile knows."""

Profiles = Mapping[str, Profile]
"""By name, which is the file's without its `.toml`."""


_known: Final[dict[Path | None, Profiles]] = {}


def profiles_of(folder: Path | None = None) -> Profiles:
    """Return all profiles with what they include; one in *folder* replaces ours of its name.

    As they were read last without a mistake. Raises ConfigError where they never were: for a file
    with mistakes, a name in `includes` that there is not.
    """
    if folder not in _known:
        _known[folder] = _read(folder)
    return _known[folder]


def _read(folder: Path | None) -> Profiles:
    files = {path.stem: path for path in _files(OURS)}
    if folder is not None:
        if not folder.is_dir():
            raise ConfigError(f"[devices] profiles: {folder} is not there, or is no folder")
        files |= {path.stem: path for path in _files(folder)}
    alone = {name: read_profile(path) for name, path in files.items()}
    return MappingProxyType({name: _whole(name, alone, files) for name in alone})


def mistakes_of(
    folder: Path | None, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with the operator's own profiles, or names none in a row of devices.

    The files are read anew: this is asked when the configuration is. With a mistake in them what
    runs goes on with those that it has.
    """
    try:
        known = _known[folder] = _read(folder)
    except ConfigError as error:
        yield ("profiles",), str(error)
        return
    for number, row in enumerate(rows):
        name = row.get("profile")
        if row.get("driver") == "snmp" and isinstance(name, str) and name and name not in known:
            yield ("list", number, "profile"), no_such(name, known)


def no_such(name: str, known: Profiles) -> str:
    """Return the sentence about a profile that there is not."""
    near = hint(name, known) or f"; there are {', '.join(known)}"
    return f"profile {quoted(name)} is not there{near}"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def _whole(name: str, alone: Mapping[str, Profile], files: Mapping[str, Path]) -> Profile:
    """Return a profile with the rows of those that it includes after its own."""
    profile = alone[name]
    for other in profile.includes:
        if other not in alone or alone[other].includes:
            what = "includes others itself" if other in alone else "is no profile"
            near = "" if other in alone else hint(other, alone)
            raise ConfigError(f"{files[name]}: includes {quoted(other)}, which {what}{near}")
        more = alone[other]
        profile = msgspec.structs.replace(
            profile,
            value=profile.value + more.value,
            state=profile.state + more.state,
            port=profile.port + more.port,
        )
    return profile
