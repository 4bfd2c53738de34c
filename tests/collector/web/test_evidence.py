"""Checkpoints, proofs and tiles over HTTP, of a real log, checked as a stock client would."""

import base64
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from collector.config import CollectorTable
from collector.evidence.tree import leaf_of
from collector.journal import Note
from collector.ledger import Ledger
from collector.parts import open_journal, witnesses_of
from core.merkle.note import checkpoint_in, read_note, read_verifier_key
from core.merkle.proofs import check_consistency, check_inclusion
from core.merkle.tiles import tile_name
from tests.collector.making import REGION
from tests.collector.web.conftest import Client
from tests.collector.web.fakes import FakeSource
from tests.collector.web.test_openapi import checked

ROWS = 300


@pytest.fixture
def folder(source: FakeSource, tmp_path: Path) -> Iterator[Path]:
    table = CollectorTable(regions=(REGION,), folder=tmp_path)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        journal = open_journal(table, ledger, lambda: 1_795_374_585_000_000_000)
        for number in range(ROWS):
            journal.note(Note("backup_made", "ledger.db", str(number)))
        journal.sync()
        assert journal.log.notary
        journal.log.notary.sign()
        source.witnessed = witnesses_of(journal, ledger, lambda: 0)
        yield tmp_path / "audit"


@pytest.mark.usefixtures("folder")
async def test_what_is_signed_is_what_proofs_and_tiles_lead_to(
    client: Client, source: FakeSource
) -> None:
    told = await (await client.get("/api/v1/audit/checkpoint")).json()
    checked("/api/v1/audit/checkpoint", 200, told)
    text = await (await client.get("/audit/checkpoint")).text()
    assert text == told["note"]
    note = read_note(text.encode())
    note.check(*read_verifier_key(told["key"]))
    head = checkpoint_in(note.text)
    assert (await (await client.get("/audit/keys")).text()).split() == [told["key"]]

    answer = await (await client.get("/api/v1/audit/inclusion?row=7")).json()
    checked("/api/v1/audit/inclusion", 200, answer)
    proof = [base64.b64decode(one) for one in answer["proof"]]
    leaf = base64.b64decode(answer["leaf"])
    assert source.witnessed
    lines = dict(source.witnessed.log.lines())  # type: ignore[attr-defined]
    assert leaf == leaf_of(lines[7])
    check_inclusion(6, head.size, leaf, proof, head.root)

    old = await (await client.get("/api/v1/audit/inclusion?row=1&size=256")).json()
    answer = await (await client.get("/api/v1/audit/consistency?old=256")).json()
    checked("/api/v1/audit/consistency", 200, answer)
    proof = [base64.b64decode(one) for one in answer["proof"]]
    check_consistency(256, head.size, base64.b64decode(old["root"]), head.root, proof)

    tile = await (await client.get(f"/audit/{tile_name(0, 0)}")).read()
    assert tile[:32] == sha256(b"\x00" + lines[1]).digest()
    part = await client.get(f"/audit/{tile_name(0, 1, head.size - 256)}")
    assert (part.status, len(await part.read())) == (200, (head.size - 256) * 32)
    answer = await (await client.get("/api/v1/audit/witnesses")).json()
    checked("/api/v1/audit/witnesses", 200, answer)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/audit/inclusion?row=0", 400),
        ("/api/v1/audit/inclusion?row=99999", 400),
        ("/api/v1/audit/consistency?old=9&new=5", 400),
        ("/api/v1/audit/consistency?old=x", 400),
        ("/audit/tile/0/999", 404),
        ("/audit/tile/0/000.p/999", 404),
        ("/audit/tile/../../ledger.db", 404),
        ("/audit/tile/0/..%2f..%2f..%2fledger.db", 404),
        ("/audit/audit-key.pem", 404),
    ],
)
async def test_what_is_not_there_is_refused(client: Client, path: str, status: int) -> None:
    assert (await client.get(path)).status == status


async def test_without_a_log_there_is_nothing_of_that_name(client: Client) -> None:
    for path in ("/audit/checkpoint", "/api/v1/audit/checkpoint", "/audit/tile/0/000"):
        assert (await client.get(path)).status == 404
