"""What the law asks for in numbers, which agent, collector and dashboards hold themselves to."""

from typing import Final

LOG_DAYS: Final = 184
"""For so long logs are kept: six months (CSL 23(3), domain.md I-23, R-45)."""
