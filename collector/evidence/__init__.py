"""What an auditor asks for: proofs of the log, exports, and the self-check of clauses."""
