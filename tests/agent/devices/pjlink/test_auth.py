"""The examples that the specifications print: nothing else could tell a wrong layout."""

from agent.devices.pjlink.auth import md5_prefix, sha256_prefix

PASSWORD = "JBMIAProjectorLink"


def test_the_old_proof_is_the_one_of_the_specification() -> None:
    assert md5_prefix(b"498e4a67", PASSWORD) == b"5d8409bc1c3fa39749434aa3a5c38682"


def test_the_new_proof_is_the_one_of_the_specification() -> None:
    theirs, ours = b"3db25e10f69c47a85adb24cf361897e0", b"c14b279e603d8a5f17e849ba360f2dc5"
    assert sha256_prefix(theirs, ours, PASSWORD) == (
        b"c14b279e603d8a5f17e849ba360f2dc5"
        b"70ab129eac6924d4c129c9c4fcf45be42e1e776325a66db67e5b6eee50f2a692"
    )


def test_a_number_in_capitals_gives_the_same_proof() -> None:
    theirs, ours = b"3DB25E10F69C47A85ADB24CF361897E0", b"c14b279e603d8a5f17e849ba360f2dc5"
    assert sha256_prefix(theirs, ours, PASSWORD) == sha256_prefix(theirs.lower(), ours, PASSWORD)
