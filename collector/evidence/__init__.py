"""The audit log as evidence: its segments, the tree over its lines, and signed checkpoints.

`audit/` of the collector's folder holds the lines (`segments.py`), the tree's tiles (`tree.py`) and
checkpoints (`signing.py`). `notary.py` makes tiles and checkpoints follow the lines, `reader.py`
reads all of it, for who only checks. docs/audit-log.md describes the files.
"""
