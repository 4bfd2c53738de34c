"""Names of the Internet cut where somebody could register them; nothing is looked up.

The list of public suffixes has ten thousand rows; here it is enough not to take `edu.cn` for
somebody's domain. Where a suffix is missing, several domains count as one, which a threshold for
one client bears.
"""

from typing import Final

GENERIC: Final = frozenset(("com", "net", "org", "edu", "gov", "mil", "ac", "co", "or", "ne", "go"))
"""Second labels under a country's: edu.cn, com.hk, co.uk, ac.jp, go.kr."""

PROVINCES: Final = frozenset(
    (
        *("ah", "bj", "cq", "fj", "gd", "gs", "gx", "gz", "ha", "hb", "he", "hi", "hk", "hl", "hn"),
        *("jl", "js", "jx", "ln", "mo", "nm", "nx", "qh", "sc", "sd", "sh", "sn", "sx", "tj", "tw"),
        *("xj", "xz", "yn", "zj"),
    )
)
"""Second labels under .cn, by CNNIC: bj.cn, sc.cn."""

REVERSE: Final = (".in-addr.arpa", ".ip6.arpa")


def is_suffix(name: str) -> bool:
    """Return whether nobody owns *name*: everything below it belongs to somebody else."""
    labels = name.split(".")
    if len(labels) != 2:
        return len(labels) < 2
    second, top = labels
    return len(top) == 2 and (second in GENERIC or (top == "cn" and second in PROVINCES))


def cut(name: str) -> tuple[str, str]:
    """Return what stands before the registered domain, without its dots, and that domain.

    Both are empty where *name* has no owner: one label, a suffix, a name in place of an address.
    """
    if name.endswith(REVERSE):
        return "", ""
    labels = name.rsplit(".", 3)
    count = 3 if is_suffix(".".join(labels[-2:])) else 2
    if len(labels) < count:
        return "", ""
    domain = ".".join(labels[-count:])
    return name[: -len(domain) - 1].replace(".", "") if len(name) > len(domain) else "", domain
