"""How a rule of a security event is made of its kind and of two sentences in both languages."""

from typing import Final

from alerts.rules import EventOf, Rule, RuleTexts
from core.alerts import Text
from core.kinds import KINDS

DIGEST: Final = "P4"
"""What is no worse stands in the list, and nobody gets a message of it."""


def rule(kind: str, meaning: Text, first: Text) -> Rule:
    """Return the rule about events of *kind*; title and severity are those of its table."""
    of = KINDS[kind]
    begun = f"{of.en[0].upper()}{of.en[1:]}"
    return Rule(
        kind,
        EventOf(kind, by="agent"),
        of.severity,
        RuleTexts(
            title=Text(f"{of.zh}：{{where}}", f"{begun}: {{where}}"),
            meaning=meaning,
            first=first,
            ended=Text(f"已停止：{of.zh}（{{where}}）", f"Over: {of.en} ({{where}})"),
        ),
        quiet=of.severity == DIGEST,
        # An attack that cut the school off is heard of when it is over.
        recorded=True,
    )
