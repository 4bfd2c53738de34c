"""Another key for the log: the old one names the new one, so that witnesses follow."""

from collections.abc import Callable
from pathlib import Path

from collector.config import CollectorTable
from collector.evidence.signing import Signer, origin_of, rotate
from collector.evidence.statements import Statements
from collector.parts import LOCK
from core.errors import MonitorError, StartError
from core.lock import hold
from core.merkle.note import NoteError
from core.merkle.statements import key_text


def rotated(table: CollectorTable, *, then: Callable[[Path], Path] = rotate) -> tuple[str, str]:
    """Give the log another key while no collector runs; return the old and the new verifier key.

    Raises StartError where there is no key or a collector runs, MonitorError where it failed: then
    witnesses have to be told of the new key by hand.
    """
    path = table.signing_key
    if not path.is_file():
        raise StartError(f"{path}: there is no key yet; the first start makes one")
    with hold(table.folder / LOCK, "collector", "[collector] folder"):
        old = Signer(origin_of(table.id), path)
        then(path)
        new = Signer(old.origin, path)
        try:
            said = old.state(key_text(old.origin, new.verifier_key))
            Statements(table.audit_folder).add(said)
        except (OSError, NoteError) as error:
            raise MonitorError(
                f"the key was changed, and that could not be kept for witnesses: {error}. Tell "
                f"them the new key: {new.verifier_key}"
            ) from error
    return old.verifier_key, new.verifier_key
