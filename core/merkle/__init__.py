"""A Merkle tree over a log: hashing and proofs of RFC 9162, tiles and checkpoints of C2SP. Pure."""
