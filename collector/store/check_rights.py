"""Whether InfluxDB accepts what the collector shows it, and whether that may do more than it needs.

A wrong password, an inactive user and one of another server get the same answer: 401.
"""

from collections.abc import Iterator
from typing import Final

from collector.store.check_database import Look
from collector.store.config import TOKEN_ENV
from collector.store.influx_admin import NO_ADMIN_YET, Admin, error_of
from collector.store.influx_door import has_name
from collector.store.provision1 import OPEN, is_open
from collector.store.provision2 import TOKENS
from collector.store.provision3 import DATABASES, RIGHTS
from core.findings import Finding

PART: Final = "credentials"
INIT: Final = "`schoolwatch store init` makes one, in the file that [store] token_file names"
SMALLER: Final = (
    "move the file of [store] token_file away and run  schoolwatch store init: it makes a user "
    "that only reads and writes the three databases"
)


def credentials(look: Look) -> Iterator[Finding]:
    """Yield what is to be said of the credentials; *look* learns what they let us see."""
    admin, server, token = look.admin, look.server, look.store.token()
    if server.empty:
        yield Finding(PART, "broken", "this InfluxDB was never set up: nobody can use it", INIT)
        return
    if not token and not (server.version == 1 and is_open(admin)):
        text = f"none: [store] token_file names no file, and the variable {TOKEN_ENV} is empty"
        yield Finding(PART, "broken", text, INIT)
        return
    if server.version == 3:
        yield from _of_3(admin)
    elif server.version == 2 and not has_name(token):
        yield from _token_of_2(look)
    else:
        yield from _user(look)


def _of_3(admin: Admin) -> Iterator[Finding]:
    reply = admin.call("GET", f"{DATABASES}?format=json")
    if reply.status in {401, 403}:
        yield _refused(reply.words or str(reply.status))
        return
    yield Finding(PART, "look", "accepted, as an administrator", RIGHTS)


def _token_of_2(look: Look) -> Iterator[Finding]:
    reply = look.admin.call("GET", "/api/v2/buckets?limit=100")
    if reply.status != 200:
        yield _refused(reply.words)
        return
    look.buckets = {one["name"]: one for one in reply.data()["buckets"]}
    look.names = set(look.buckets)
    others = sorted(look.names - {one.name for one in look.store.databases()})
    all_tokens = look.admin.call("GET", TOKENS).data() or {}
    if others or all_tokens.get("authorizations"):
        much = f"other buckets too ({', '.join(others[:3])})" if others else "other tokens too"
        text = f"accepted, but the token may see {much}: more than a collector needs"
        yield Finding(PART, "look", text, SMALLER)
    else:
        text = "accepted, but a token that may write a bucket may also delete it"
        yield Finding(PART, "look", text, SMALLER)


def _user(look: Look) -> Iterator[Finding]:
    admin, first = look.admin, look.server.version == 1
    reply = admin.query("SHOW DATABASES")
    wrong = error_of(reply)
    if NO_ADMIN_YET in wrong:
        yield Finding(PART, "broken", "this InfluxDB has no users yet: nobody can use it", INIT)
        return
    if wrong:
        yield _refused(wrong)
        return
    series = (reply.data()["results"][0].get("series") or [{}])[0]
    look.names = {row[0] for row in series.get("values", ())}
    if first and is_open(admin):
        yield Finding(PART, "look", "this InfluxDB lets everybody do everything", f"it {OPEN}")
    elif first and not error_of(admin.query("SHOW USERS")):
        text = "accepted, but the user is an administrator, who may drop everything"
        yield Finding(PART, "look", text, SMALLER)
    else:
        yield Finding(PART, "works", "accepted, and no administrator's")


def _refused(words: str) -> Finding:
    return Finding(
        *(PART, "broken", f"not accepted ({words}): wrong, expired, inactive, or another server's"),
        "compare the file of [store] token_file with what InfluxDB knows; with an administrator's "
        "password  schoolwatch store init --renew  sets it right",
    )
