"""The commit counter as the chore of each minute counts it."""

from collector.chores import Back, CommitCounter


def count(counter: CommitCounter) -> Back:
    """Count one up in ledger and store; return which of the two went back."""
    found = counter.compare()
    counter.record(found)
    counter.advance(found)
    return found.back
