"""`schoolwatch audit`: what an auditor asks of the log and of everything that is kept."""

import click

from collector.evidence.scan.scancli import scan_command


@click.group("audit", short_help="Evidence: the audit log, and what is kept of persons.")
def audit_group() -> None:
    """Check the evidence that the programs keep; docs/audit-log.md and docs/privacy.md."""


audit_group.add_command(scan_command)
