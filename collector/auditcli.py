"""`schoolwatch audit`: what an auditor asks of the log; each command in a module of its own."""

import click

from collector.evidence.copycli import copy_command, drill_command
from collector.evidence.exportcli import export_command, search_command
from collector.evidence.reportcli import report_command
from collector.evidence.scan.scancli import scan_command
from collector.evidence.verifycli import prove_command, verify_command
from collector.evidence.witnesscli import (
    acknowledge_command,
    compare_command,
    key_command,
    rotate_command,
    witness_command,
)


@click.group("audit", short_help="The audit log: verify, prove, search, export, report.")
def audit_group() -> None:
    """Evidence for an auditor; nothing here changes the log but by telling that it was asked."""


audit_group.add_command(verify_command)
audit_group.add_command(prove_command)
audit_group.add_command(search_command)
audit_group.add_command(export_command)
audit_group.add_command(report_command)
audit_group.add_command(scan_command)
audit_group.add_command(copy_command)
audit_group.add_command(drill_command)
audit_group.add_command(witness_command)
audit_group.add_command(compare_command)
audit_group.add_command(acknowledge_command)
audit_group.add_command(key_command)
audit_group.add_command(rotate_command)
