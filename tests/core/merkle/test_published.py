"""Published proofs (tests/cases/merkle): those that hold, and those that must be refused."""

import json
from base64 import b64decode
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from core.merkle import hashing, proofs
from core.merkle.proofs import ProofError
from tests.core.merkle.test_merkle import CT_ENTRIES

CASES = Path(__file__).parents[2] / "cases" / "merkle"


def cases(name: str) -> list[Any]:
    lines = (CASES / f"{name}.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [pytest.param(one, id=f"{at} {one['desc']}") for at, one in enumerate(found)]


def proof_of(case: dict[str, Any]) -> list[bytes]:
    return [b64decode(one) for one in case["proof"] or []]


def outcome(case: dict[str, Any]) -> Any:
    return pytest.raises(ProofError) if case["wantErr"] else nullcontext()


def node(level: int, index: int) -> bytes:
    entries = [bytes.fromhex(entry) for entry in CT_ENTRIES]
    return hashing.root_of(entries[index << level : (index + 1) << level])


@pytest.mark.parametrize("case", cases("inclusion"))
def test_a_published_proof_of_inclusion_is_judged_as_published(case: dict[str, Any]) -> None:
    index, size, proof = case["leafIdx"], case["treeSize"], proof_of(case)
    leaf, root = b64decode(case["leafHash"]), b64decode(case["root"])
    with outcome(case):
        proofs.check_inclusion(index, size, leaf, proof, root)
        assert proofs.inclusion(index, size, node) == proof


@pytest.mark.parametrize("case", cases("consistency"))
def test_a_published_proof_of_consistency_is_judged_as_published(case: dict[str, Any]) -> None:
    old, new, proof = case["size1"], case["size2"], proof_of(case)
    roots = b64decode(case["root1"]), b64decode(case["root2"])
    with outcome(case):
        proofs.check_consistency(old, new, *roots, proof)
        assert proofs.consistency(old, new, node) == proof
