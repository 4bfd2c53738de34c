"""`schoolwatch audit …`: the audit log for who has to trust it, and for who trusts nobody."""

import click

from collector.evidence.witnesscli import (
    acknowledge_command,
    compare_command,
    key_command,
    rotate_command,
    witness_command,
)


@click.group("audit", short_help="The audit log: checkpoints, proofs, exports.")
def audit() -> None:
    """Check, prove and witness the audit log."""


audit.add_command(witness_command)
audit.add_command(compare_command)
audit.add_command(acknowledge_command)
audit.add_command(key_command)
audit.add_command(rotate_command)
