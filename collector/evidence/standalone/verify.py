#!/usr/bin/env python3
"""检查审计日志的导出包或单条证明 / Check an export of the audit log, or the proof of one record.

    python3 verify.py [FOLDER | EXPORT.zip | PROOF.json] [--key KEY.pem]

只需 Python 3.6 以上；验证签名另需 openssl 3.0 以上。 Python >= 3.6 alone; for the signature
openssl >= 3.0. 退出码 exit code: 0 正常 fine; 1 有问题 bad; 2 用法错误，或签名未验证 wrong use,
or the signature was not checked.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from subprocess import PIPE, STDOUT
from typing import IO, Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

COMMAND = "openssl pkeyutl -verify -pubin -inkey {} -rawin -in {} -sigfile {}"
Read = Callable[[str], IO[bytes]]


class Bad(Exception):
    """What is wrong, 中文 / English."""


def say(text: str) -> None:
    sys.stdout.buffer.write((text + "\n").encode("utf-8"))


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_of(line: bytes) -> bytes:
    return sha256(b"\x00", line.rstrip(b"\n"))


def half(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def root_over(
    begin: int, end: int, have: Tuple[int, int], leaves: Iterator[bytes], others: Iterator[bytes]
) -> bytes:
    """RFC 9162, 2.1.1; of what lies outside *have* there are whole hashes, from left to right."""
    if end <= have[0] or begin >= have[1]:
        return next(others)
    if end - begin == 1:
        return next(leaves)
    middle = begin + half(end - begin)
    left = root_over(begin, middle, have, leaves, others)
    return sha256(b"\x01", left, root_over(middle, end, have, leaves, others))


def root_by(index: int, size: int, leaf: bytes, proof: List[bytes]) -> bytes:
    """RFC 9162, 2.1.3: the lowest hash is the first."""
    if not 0 <= index < size or bool(proof) != (size > 1):
        raise Bad("证明长度不对 / the proof has a wrong length")
    if size == 1:
        return leaf
    middle = half(size)
    if index < middle:
        return sha256(b"\x01", root_by(index, middle, leaf, proof[:-1]), proof[-1])
    return sha256(b"\x01", proof[-1], root_by(index - middle, size - middle, leaf, proof[:-1]))


class Checkpoint:
    """C2SP tlog-checkpoint: what was signed, and the signature."""

    def __init__(self, note: bytes) -> None:
        text, _, signed = note.rpartition(b"\n\n")
        self.text = text + b"\n"
        lines = self.text.decode("utf-8").split("\n")
        self.origin, self.size, self.root = lines[0], int(lines[1]), base64.b64decode(lines[2])
        self.time = "".join(line[5:] for line in lines[3:] if line.startswith("time "))
        _, self.name, shown = signed.decode("utf-8").split(" ")
        data = base64.b64decode(shown)
        self.key_id, self.signature = data[:4], data[4:]

    def check(self, pem: bytes) -> bool:
        """Return False where openssl is not here, or too old."""
        public = base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))[-32:]
        key_id = sha256(self.name.encode("utf-8"), b"\n\x01", public)[:4]
        if self.name != self.origin or key_id != self.key_id:
            raise Bad("检查点由另一密钥签名 / the checkpoint is signed by another key")
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("key", "body", "sig")]
            for path, data in zip(paths, (pem, self.text, self.signature)):
                with open(path, "wb") as file:
                    file.write(data)
            names = iter(paths)
            words = [next(names) if word == "{}" else word for word in COMMAND.split(" ")]
            try:
                done = subprocess.run(words, stdout=PIPE, stderr=STDOUT, check=False)
            except OSError:
                return False
        if done.returncode and b"Verif" in done.stdout:
            raise Bad("检查点的签名无效 / the checkpoint's signature does not hold")
        return not done.returncode


def opened(path: str) -> Tuple[List[str], Read]:
    if os.path.isdir(path):
        found = [os.path.join(at, name) for at, _, names in os.walk(path) for name in names]
        names = [os.path.relpath(name, path).replace(os.sep, "/") for name in found]
        return names, lambda name: open(os.path.join(path, name), "rb")
    packed = zipfile.ZipFile(path)
    return packed.namelist(), packed.open


def wrong_sums(names: List[str], read: Read) -> List[str]:
    """Return the files that are not what SHA256SUMS says; raises Bad for other files than there."""
    text = read("SHA256SUMS").read().decode()
    sums = [line.split("  ", 1) for line in text.split("\n")[:-1]]
    if "".join(f"{digest}  {name}\n" for digest, name in sums) != text:
        raise Bad("SHA256SUMS 被改动 / SHA256SUMS was changed")
    listed = sorted([name for _, name in sums] + ["SHA256SUMS"])
    if listed != sorted(names):
        odd = ", ".join(sorted(set(listed) ^ set(names)))
        raise Bad(f"文件缺少或多出 / files are missing, or too many: {odd}")
    wrong = []
    for digest, name in sums:
        found = hashlib.sha256()
        with read(name) as file:
            for data in iter(lambda: file.read(1 << 20), b""):
                found.update(data)
        if found.hexdigest() != digest:
            wrong.append(name)
    return wrong


def check_range(said: Dict[str, Any], read: Read, head: Checkpoint) -> int:
    """Return how many rows there are: their hashes lead to the root, and each is its hash's."""
    first, last, count = said["first"], said["last"], 0
    with read("hashes.bin") as file:
        leaves = iter(lambda: file.read(32), b"")
        others = iter([bytes.fromhex(one) for one in said["outside"]])
        root = root_over(0, head.size, (first - 1, last), leaves, others)
        if root != head.root or next(leaves, b"") or next(others, b""):
            raise Bad("hashes.bin 与签名的根不符 / its hashes do not lead to the signed root")
    with read("hashes.bin") as file, read("entries.jsonl") as lines:
        for count, line in enumerate(lines, 1):
            if (
                leaf_of(line) != file.read(32)
                or json.loads(line.decode())["row"] != first + count - 1
            ):
                raise not_signed(count, first + count - 1)
    if count != last - first + 1:
        raise Bad(f"第 {first + count} 条起缺失 / the rows from {first + count} on are missing")
    return count


def check_each(lines: Iterable[bytes], proofs: Iterator[bytes], head: Checkpoint) -> int:
    """Return how many rows there are, each of which has its proof."""
    count = before = 0
    for count, line in enumerate(lines, 1):
        said = json.loads(next(proofs, b"{}").decode())
        row, proof = said.get("row", 0), [base64.b64decode(one) for one in said.get("proof", [])]
        if row <= before or root_by(row - 1, head.size, leaf_of(line), proof) != head.root:
            raise not_signed(count, row)
        before = row
    if next(proofs, b""):
        raise Bad(f"第 {count + 1} 行缺失 / line {count + 1} is missing")
    return count


def not_signed(line: int, row: int) -> Bad:
    shown = f"entries.jsonl 第 {line} 行（记录 {row}）不是所签名的内容"
    return Bad(f"{shown} / its line {line} (row {row}) is not what was signed")


def check(path: str, key: Optional[bytes] = None) -> Tuple[int, bool]:
    """Return how many rows are proved, and whether the signature was checked; raises Bad."""
    wrong = []  # type: List[str]
    if os.path.isfile(path) and not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            data = file.read()
        said = json.loads(data.decode())
        head, pem = Checkpoint(said["checkpoint"].encode()), said["key"].encode()
        count = check_each([said["line"].encode()], iter([data]), head)
    else:
        names, read = opened(path)
        wrong = wrong_sums(names, read)
        head, pem = Checkpoint(read("checkpoint").read()), read("key.pem").read()
        if (head.text, head.signature) != tuple(
            read(f"checkpoint.{x}").read() for x in ("body", "sig")
        ):
            raise Bad("checkpoint.body 或 .sig 与 checkpoint 不符 / body or sig is another one")
        said = json.loads(read("export.json").read().decode())
        if (said["origin"], said["size"]) != (head.origin, head.size):
            raise Bad("export.json 与检查点不符 / export.json is of another checkpoint")
        if "outside" in said:
            count = check_range(said, read, head)
        else:
            with read("entries.jsonl") as lines, read("proofs.jsonl") as proofs:
                count = check_each(lines, iter(proofs), head)
    if key is not None and key.split() != pem.split():
        raise Bad("公钥不是您保存的那一个 / the key is not the one that you keep")
    signed = head.check(pem)
    if wrong:
        raise Bad(f"与 SHA256SUMS 不符 / not what SHA256SUMS says: {', '.join(wrong)}")
    say(f"{head.origin}：{head.time} 签名，共 {head.size} 条 / signed then, over {head.size} rows")
    say(f"公钥摘要 / digest of key.pem: {hashlib.sha256(pem).hexdigest()}")
    return count, signed


def main(words: List[str], key: Optional[bytes] = None) -> int:
    try:
        if "--key" in words[:-1]:
            at = words.index("--key")
            with open(words[at + 1], "rb") as file:
                key = file.read()
            del words[at : at + 2]
        if len(words) > 1 or words[:1] in (["--help"], ["--key"]):
            say(__doc__ or "")
            return 2
        here = os.path.dirname(os.path.abspath(__file__))
        count, signed = check(words[0] if words else here, key)
    except Bad as error:
        say(f"✗ 有问题 / BAD: {error}")
        return 1
    except Exception as error:  # whatever a changed file brings: it is not what was exported
        say(f"✗ 有问题，无法读取 / BAD, it cannot be read: {type(error).__name__}: {error}")
        return 1
    say(f"✓ {count} 条记录与签名的根相符 / {count} rows are what the signed root was made of")
    if not signed:
        say("！签名未验证：没有 openssl 3.0 以上。解包后运行 / the signature was NOT checked, for")
        say("there is no openssl >= 3.0. Unpack it, and run:")
        say(COMMAND.format("key.pem", "checkpoint.body", "checkpoint.sig"))
        return 2
    say("✓ 签名有效 / the signature holds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
