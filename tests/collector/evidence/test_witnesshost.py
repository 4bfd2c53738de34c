"""The auditor's host against a log that grows, is cut, is rewritten, and changes its key."""

import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.evidence.timestamping import FOLDER, stamp
from collector.evidence.witnesshost import Keep, Outcome
from core.errors import ConfigError, MonitorError
from core.merkle.note import checkpoint_in, read_note
from core.merkle.notes import read_framed
from tests.core.merkle.making import Log

NOW = 1_795_374_585_000_000_000


def keep(folder: Path, log: Log) -> Keep:
    return Keep(folder, log.verifier, lambda: NOW)


def take(ours: Keep, log: Log, *statements: str, accept: str = "") -> Outcome:
    def proof(old: int, new: int) -> Sequence[bytes]:
        assert new == len(log.entries)
        return log.proof(old)

    said = [read_note(one.encode()) for one in statements]
    return ours.take(read_note(log.note().encode()), proof, said, accept)


def test_what_was_accepted_is_only_appended_to_and_read_again(tmp_path: Path) -> None:
    log = Log().grow(3)
    assert take(keep(tmp_path, log), log).what == "first"
    before = (tmp_path / "checkpoints").read_bytes()
    assert take(keep(tmp_path, log.grow(5)), log).what == "newer"
    assert take(keep(tmp_path, log), log).what == "same"
    after = (tmp_path / "checkpoints").read_bytes()
    assert after.startswith(before)
    assert [checkpoint_in(one.text).size for one in read_framed(after)] == [3, 8]


def test_a_cut_a_rewritten_and_a_foreign_log_are_refused_and_evidence_stays(
    tmp_path: Path,
) -> None:
    log = Log().grow(9)
    take(keep(tmp_path, log), log)
    cut = Log(minute=10).grow(4)
    found = take(keep(tmp_path, log), cut)
    assert (found.what, found.held and found.held.size, found.new.size) == ("shorter", 9, 4)
    forged = take(keep(tmp_path, log), Log(minute=20).grow(4).grow(9, "other"))
    assert forged.what == "forged"
    assert forged.evidence
    notes = [checkpoint_in(one.text).size for one in read_framed(forged.evidence.read_bytes())]
    assert notes == [9, 13]
    thief = Log(minute=30).grow(12)
    thief.new_key(4)
    assert take(keep(tmp_path, log), thief).what == "untrusted"
    assert take(keep(tmp_path, log.grow(1)), log).what == "newer", "the true one goes on"
    accepted = take(keep(tmp_path, log), Log(minute=50).grow(4), accept="restored on paper")
    assert accepted.what == "accepted"
    assert take(keep(tmp_path, log), Log(minute=51).grow(5)).what == "newer"


def test_a_key_is_followed_only_where_the_one_before_names_it(tmp_path: Path) -> None:
    log, first = Log().grow(2), Log().verifier
    take(keep(tmp_path, log), log)
    said = log.new_key(3)
    assert take(Keep(tmp_path, first), log.grow(1), said).what == "newer"
    assert take(Keep(tmp_path, first), log.grow(1)).what == "newer"
    with pytest.raises(ConfigError, match="another key"):
        keep(tmp_path, Log(key=_another()))


def test_since_when_nobody_answers_is_remembered(tmp_path: Path) -> None:
    times = iter((NOW, NOW + 10**12))
    ours = Keep(tmp_path, Log().verifier, lambda: next(times))
    assert ours.not_reached() == ours.not_reached() == "2026-11-22T19:09:45Z"
    ours.reached()
    assert ours.not_reached() != "2026-11-22T19:09:45Z"


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_checkpoint_gets_a_time_stamp_that_stock_openssl_verifies(tmp_path: Path) -> None:
    made, note = Authority(tmp_path / "tsa"), read_note(Log().grow(7).note().encode())
    with made.serving() as url:
        found = stamp(tmp_path / "keep", note, url, made.ca)
        assert found.name == "000000000007.tsr"
        body = found.with_suffix(".body")
        assert body.read_text() == note.text
        verify = ["openssl", "ts", "-verify", "-in", str(found), "-CAfile", str(made.ca)]
        subprocess.run([*verify, "-data", str(body)], check=True, capture_output=True)
        other = Authority(tmp_path / "other")
        with pytest.raises(MonitorError, match="openssl ts -verify"):
            stamp(tmp_path / "keep", note, url, other.ca)
        assert list((tmp_path / "keep" / FOLDER).glob("*.bad"))
    with pytest.raises(MonitorError, match="no time stamp"):
        stamp(tmp_path / "keep", note, url, made.ca)


class Authority:
    """A TSA of `openssl ts -reply` behind a small server."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.ca = folder, folder / "ca.pem"
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(
            f"[tsa]\ndefault_tsa = t\n[t]\nserial = {folder}/serial\nsigner_digest = sha256\n"
            "default_policy = 1.2.3.4\ndigests = sha256\ness_cert_id_alg = sha256\n"
            "[req]\ndistinguished_name = d\nx509_extensions = x\n[d]\n[x]\n"
            "extendedKeyUsage = critical,timeStamping\nbasicConstraints = CA:TRUE\n"
        )
        self.openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj"),
            *(f"/CN=TSA {folder.name}", "-config", "tsa.cnf", "-keyout", "key.pem"),
            *("-out", "ca.pem"),
        )

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)

    def reply(self, request: bytes) -> bytes:
        (self.folder / "q.tsq").write_bytes(request)
        self.openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-signer", "ca.pem"),
            *("-inkey", "key.pem", "-out", "r.tsr"),
        )
        return (self.folder / "r.tsr").read_bytes()

    @contextmanager
    def serving(self) -> Iterator[str]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = authority.reply(body)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


def _another() -> Ed25519PrivateKey:
    log = Log()
    log.new_key(9)
    return log.key
