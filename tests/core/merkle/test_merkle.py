"""The tree against published roots (Certificate Transparency), and against its definition."""

import base64
from collections.abc import Sequence
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from core.merkle import ed25519, hashing, note, proofs, tiles
from core.merkle.note import Checkpoint, NoteError
from core.merkle.proofs import ProofError

CT_ENTRIES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "60" + "6162636465666768696a6b6c6d6e6f",
)
CT_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def defined(leaves: Sequence[bytes]) -> bytes:
    """The root as RFC 9162, 2.1.1 defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()


def leaves_of(size: int) -> list[bytes]:
    return [hashing.leaf_hash(b"%d" % number) for number in range(size)]


def test_roots_are_those_that_certificate_transparency_publishes() -> None:
    entries = [bytes.fromhex(entry) for entry in CT_ENTRIES]
    found = [hashing.root_of(entries[:size]).hex() for size in range(9)]
    assert found == list(CT_ROOTS)


@settings(deadline=None)
@given(st.integers(1, 80), st.data())
def test_every_proof_holds_and_none_for_another_tree(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    node = lambda level, index: defined(leaves[index << level : (index + 1) << level])  # noqa: E731
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root, old_root = defined(leaves), defined(leaves[:old])
    inside = proofs.inclusion(index, size, node)
    proofs.check_inclusion(index, size, leaves[index], inside, root)
    onward = proofs.consistency(old, size, node)
    proofs.check_consistency(old, size, old_root, root, onward)
    for wrong in _spoilt(inside):
        with pytest.raises(ProofError):
            proofs.check_inclusion(index, size, leaves[index], wrong, root)
    for wrong in _spoilt(onward):
        with pytest.raises(ProofError):
            proofs.check_consistency(old, size, old_root, root, wrong)
    if old:
        with pytest.raises(ProofError):
            proofs.check_consistency(old, size, b"\0" * 32, root, onward)


def _spoilt(proof: list[bytes]) -> list[list[bytes]]:
    flipped = [
        [*proof[:at], sha256(one).digest(), *proof[at + 1 :]] for at, one in enumerate(proof)
    ]
    return [*flipped, [*proof, b"\0" * 32], *([proof[:-1]] if proof else []), [*proof, b"short"]]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536, 70_001])
def test_tiles_give_every_subtree(size: int) -> None:
    leaves = leaves_of(size)
    edge, kept = hashing.Edge(), dict[tuple[int, int], bytes]()
    for leaf in leaves:
        edge.append(leaf)
    rows = [leaves]
    while len(rows[-1]) >= 256:
        row = rows[-1]
        rows.append([defined(row[at : at + 256]) for at in range(0, len(row) // 256 * 256, 256)])
    for level, number, width in tiles.tiles_of(size):
        kept[level, number] = b"".join(rows[level][number * 256 : number * 256 + width])
        assert len(kept[level, number]) == width * 32
    node = tiles.node_by(lambda level, number, _width: kept[level, number])
    assert proofs.subtree(0, size, node) == edge.root()
    for index in {0, size // 2, size - 1}:
        found = proofs.inclusion(index, size, node)
        proofs.check_inclusion(index, size, leaves[index], found, edge.root())


def test_only_tiles_that_changed_are_named() -> None:
    assert tiles.tiles_of(256 * 256 + 1, 256 * 256) == [(0, 256, 1)]
    assert tiles.tiles_of(300, 10) == [(0, 0, 256), (0, 1, 44), (1, 0, 1)]
    assert tiles.tile_name(0, 1_234_067) == "tile/0/x001/x234/067"


# RFC 8032, 7.1: TEST 1 … TEST 3.
RFC8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032)
def test_signatures_of_rfc_8032_hold_and_hold_for_nothing_else(
    public: str, message: str, signature: str
) -> None:
    key, said, sig = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519.verify(key, said, sig)
    assert not ed25519.verify(key, said + b"x", sig)
    for at in (0, 31, 32, 63):
        assert not ed25519.verify(key, said, sig[:at] + bytes([sig[at] ^ 1]) + sig[at + 1 :])
    order = 2**252 + 27742317777372353535851937790883648493
    malleable = int.from_bytes(sig[32:], "little") + order
    assert not ed25519.verify(key, said, sig[:32] + malleable.to_bytes(32, "little"))


def test_a_note_is_read_as_it_was_signed_and_every_flipped_byte_is_refused() -> None:
    private = Ed25519PrivateKey.generate()
    public, name = private.public_key().public_bytes_raw(), "schoolwatch/district"
    said = Checkpoint(name, 1234, sha256(b"root").digest(), ("time 2026-11-29T03:00:00Z",))
    data = note.signed(said.text(), name, public, private.sign).encode()
    assert note.read_note(data).checkpoint(name, public) == said
    assert said.extension("time") == "2026-11-29T03:00:00Z"
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(NoteError):
            note.read_note(changed).checkpoint(name, public)
    with pytest.raises(NoteError, match="no signature by"):
        note.read_note(data).checkpoint("schoolwatch/other", public)


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\n{root}\n", "a\n-1\n{root}\n", "a\n1\nAAAA\n", "a\n1\n{root}\n\nb\n"],
)
def test_a_checkpoint_that_is_none_is_refused(text: str) -> None:
    root = base64.b64encode(b"\0" * 32).decode()
    with pytest.raises(NoteError):
        note.checkpoint_in(text.replace("{root}", root))


def test_a_verifier_key_is_read_as_written() -> None:
    # From C2SP signed-note and Go's sumdb.
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    name, public = note.read_verifier_key(text)
    assert note.verifier_key(name, public) == text
    with pytest.raises(NoteError):
        note.read_verifier_key(text.replace("c74f20a3", "c74f20a4"))
