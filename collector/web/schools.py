"""What the roster says of a school, in words for a page."""

from collector.picture import SchoolView
from collector.web import words
from collector.web.texts import Texts


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
        promised = words.bits(entry.contracted_mbps * 1e6, t("unit_bits"))
        said.append(t("contracted", bandwidth=promised))
    return said
