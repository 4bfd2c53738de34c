"""What the roster says of a school, and what probes from outside say of its line, for a page."""

from typing import Final, Literal

from collector.picture import SchoolView
from collector.roster.school import School
from collector.web import words
from collector.web.texts import Texts

Outcome = Literal["answers", "no_answer", "blind", "unproven", "not_configured"]

_AMOUNTS: Final = ("classes", "pupils", "rooms")


def flags(view: SchoolView, t: Texts) -> list[str]:
    """Return what a list has to say of *view* until somebody puts it right."""
    said = [] if view.counts else [t(f"standing_{view.standing}")]
    missing = view.entry.missing_owners if view.entry and view.counts else ()
    if missing:
        roles = t("comma").join(t(f"role_{role}") for role in missing)
        said.append(t("missing_owners", roles=roles))
    return said


def facts(view: SchoolView, t: Texts) -> list[str]:
    """Return what kind of school it is, and what line it was promised."""
    entry = view.entry
    if not entry:
        return []
    said = [t(f"type_{entry.type}")] if entry.type else []
    said += [t(f"area_{entry.area}")] if entry.area else []
    if entry.teaching_point and entry.type != "teaching_point":
        said.append(t("type_teaching_point"))
    said += [t(f"link_{entry.link}")] if entry.link else []
    said += [entry.carrier] if entry.carrier else []
    if entry.contracted_mbps is not None:
        said.append(t("contracted", bandwidth=_bandwidth(entry.contracted_mbps, t)))
    return said


def known(view: SchoolView, t: Texts) -> list[tuple[str, str]]:
    """Return every fact of the roster as a name and a value; what it leaves open is said too."""
    entry = view.entry
    if not entry:
        return []
    kind = [t(f"type_{entry.type}")] if entry.type else []
    if entry.teaching_point and entry.type != "teaching_point":
        kind.append(t("type_teaching_point"))
    pairs = [
        ("type", t("comma").join(kind)),
        ("area", t(f"area_{entry.area}") if entry.area else ""),
        ("link", t(f"link_{entry.link}") if entry.link else ""),
        ("carrier", entry.carrier),
        ("contracted", _bandwidth(entry.contracted_mbps, t)),
        ("target", _bandwidth(entry.target_mbps, t)),
        *((name, _amount(entry, name)) for name in _AMOUNTS),
        ("opened", entry.opened.isoformat() if entry.opened else ""),
    ]
    if entry.closed:
        pairs.append(("closed", entry.closed.isoformat()))
    return [(t(f"fact_{name}"), value or t("not_stated")) for name, value in pairs]


def outside(view: SchoolView) -> Outcome:
    """Return what probes from outside say of a school's line, in one word."""
    if view.outside.blind:
        return "blind"
    if view.outside.answers is not None:
        return "answers" if view.outside.answers else "no_answer"
    return "unproven" if view.entry and view.entry.outside else "not_configured"


def _amount(entry: School, name: str) -> str:
    value = getattr(entry, name)
    return "" if value is None else f"{value}"


def _bandwidth(mbps: float | None, t: Texts) -> str:
    return "" if mbps is None else str(words.bits(mbps * 1e6, t("unit_bits")))
