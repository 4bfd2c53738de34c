"""How a rule of a security event is made of its kind and of two sentences in both languages."""

from typing import Final

from alerts.rules import EventOf, Rule, RuleTexts
from core.alerts import Text
from core.kinds import KINDS

DIGEST: Final = "P4"
"""What is no worse stands in the list, and nobody gets a message of it."""


def rule(kind: str, meaning: Text, first: Text, *, momentary_s: float = 0) -> Rule:
    """Return the rule about events of *kind*; title and severity are those of its table.

    *momentary_s*: it happens and has no end, and counts as going on for so long.
    """
    of = KINDS[kind]
    begun = f"{of.en[0].upper()}{of.en[1:]}"
    momentary = momentary_s > 0
    return Rule(
        kind,
        EventOf(kind, by="agent", momentary=momentary),
        of.severity,
        RuleTexts(
            title=Text(f"{of.zh}：{{where}}", f"{begun}: {{where}}"),
            meaning=meaning,
            first=first,
            ended=Text("", "")
            if momentary
            else Text(f"已停止：{of.zh}（{{where}}）", f"Over: {of.en} ({{where}})"),
        ),
        keep_s=momentary_s,
        quiet=of.severity == DIGEST,
    )
