"""The list of schools that the district owns: which there are, and what it says of each.

It is the denominator: a school that never reported is shown as such, and one that was merged or
closed counts no more from that day on. docs/roster.md tells people what to write into the file.
"""

from collector.roster.read import Roster, read_roster
from collector.roster.school import School

__all__ = ["Roster", "School", "read_roster"]
