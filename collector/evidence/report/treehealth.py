"""The health of the log's Merkle tree as evidence for 8.1.4.3 c (I-24), where there is a tree."""

from collector.evidence.report.finding import Found, Gap
from collector.evidence.report.sources import Sources
from core.alerts import Text


def found(sources: Sources) -> Found:
    """Return what the tree says of the log."""
    return Found(
        Text("尚无签名检查点", "no signed checkpoint yet"),
        (),
        [
            Gap(
                Text(
                    "审计日志尚未由签名检查点和见证者保护",
                    "no signed checkpoints and witnesses guard the audit log yet",
                ),
                Text("升级程序", "upgrade the program"),
                hole=False,
            )
        ],
        unknown=True,
    )
