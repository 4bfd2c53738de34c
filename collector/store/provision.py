"""`schoolwatch store init`: gives an InfluxDB the databases and users that the district needs.

Asks first and makes only what is missing, so it may be run again at any time. It drops nothing,
shortens no retention, and changes no password and no token that somebody may be using.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from collector.store.influx_admin import Admin, Server
from collector.store.plan import ADMIN, ADMIN_ENV, Plan, Step, file_step
from collector.store.secretfile import kept_or_made, password
from core.errors import ConfigError
from core.secrets import secret


def provision(plan: Plan, admin_file: Path | None) -> Iterator[Step]:
    """Do what *plan* says, and yield each step when it is done.

    The administrator is who *admin_file* names, else the variable ADMIN_ENV. A server that has no
    administrator yet gets one, with a password that is made into *admin_file* where it is missing.
    Raises ConfigError, StoreBusy and StoreStopped; then what was yielded is done.
    """
    with closing(Admin(plan.url, "", plan.timeout_s)) as stranger:
        server, no_admin = _look(stranger)
    if server.version == 2 and not plan.org:  # before a file is made for nothing
        raise ConfigError("[store] org has to name the organisation that the buckets belong to")
    if no_admin:
        token, made = _first_admin(admin_file, server)
        yield file_step("administrator", admin_file, made=made)
    else:
        token = _known_admin(admin_file, server)
    with closing(Admin(plan.url, token, plan.timeout_s)) as admin:
        if server.version == 1:
            from collector.store import provision1  # noqa: PLC0415 — one of the three is wanted

            yield from provision1.provision(plan, admin, token if no_admin else "")
        elif server.version == 2:
            from collector.store import provision2  # noqa: PLC0415

            yield from provision2.provision(plan, admin, token if no_admin else "")
        else:
            from collector.store import provision3  # noqa: PLC0415

            yield from provision3.provision(plan, admin, token)


def _look(stranger: Admin) -> tuple[Server, bool]:
    """Return what answers, and whether it waits for its first administrator."""
    server = stranger.server()
    if server.version != 1:
        return server, server.empty
    from collector.store.provision1 import waits_for_admin  # noqa: PLC0415

    return server, waits_for_admin(stranger)


def _known_admin(file: Path | None, server: Server) -> str:
    token = secret(file, ADMIN_ENV)
    if not token and server.version != 1:
        what = "an all-access token" if server.version == 2 else "an admin token"
        raise ConfigError(
            f"this {server} has an administrator already: give {what} with --admin-file or in the "
            f"variable {ADMIN_ENV}; it is used by this command alone"
        )
    return token


def _first_admin(file: Path | None, server: Server) -> tuple[str, bool]:
    if file is None:
        token = secret(None, ADMIN_ENV)
        if token:
            return token, False
        raise ConfigError(
            f"this {server} has no administrator yet: name with --admin-file where the password "
            "is to be that is made for it"
        )
    name = f"{ADMIN}:" if server.version == 1 else ""
    return kept_or_made(file, lambda: name + password())
