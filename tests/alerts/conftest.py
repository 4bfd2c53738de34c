"""What any test of the alerts records is valid by the schema of the audit log."""

from tests.collector.conftest import _records_are_valid

__all__ = ["_records_are_valid"]
