#!/usr/bin/env python3
"""检查审计日志的导出（先解包）/ Check an export of the audit log (unpack it first).

只需 Python 3.6 以上，验证签名另需 openssl 3.0 以上 nothing else is needed. 退出码 exit code:
0 正常 fine; 1 有问题 bad; 2 用法错误，或签名未验证 wrong use, or the signature was not checked.
"""

import os
import sys

if __name__ == "__main__" and not sys.flags.isolated:
    sys.path.pop(0)  # a hashlib.py beside this file is no part of it

import argparse
import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

FORMAT = "schoolwatch-export/2"
FILES = "README.txt SHA256SUMS checkpoint.body checkpoint.sig checkpoints entries.jsonl export.json hashes.txt key.pem verify.py"  # noqa: E501
OPENSSL = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.body -sigfile checkpoint.sig"  # noqa: E501
Told = Tuple[int, int, str, bool]  # behind which row, up to which; the hash; is it in the export?


def wrong_files() -> str:
    """Name what is changed, missing or too many: for that, SHA256SUMS has other lines."""
    found = set()
    for name in set(os.listdir(".")) - {"SHA256SUMS"}:
        digest = hashlib.sha256()
        with open(name, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        found.add(f"{digest.hexdigest()}  {name}\n")
    odd = found ^ set(Path("SHA256SUMS").read_bytes().decode().splitlines(True))
    return ", ".join(sorted({line[66:].strip() or "SHA256SUMS" for line in odd}))


def hashes(path: str = "hashes.txt") -> Iterator[Told]:
    """Read "ROW HASH" of a row of the export, "FIRST-LAST HASH" of others as one, from row 1 on."""
    with open(path, encoding="ascii") as file:
        for rows, digest in (line.split() for line in file):
            first, others, last = rows.partition("-")
            yield int(first) - 1, int(last or first), digest, not others
    yield 0, 0, "", False


def root_over(begin: int, end: int, told: Told, rest: Iterator[Told]) -> Tuple[bytes, Told]:
    """Return the hash of rows, told or made of both halves' (RFC 9162, 2.1.1), and what is next."""
    if told[:2] == (begin, end):
        return bytes.fromhex(told[2]), next(rest)
    if end - begin < 2:
        raise ValueError(f"hashes.txt 缺少记录 {end} / it lacks row {end}")
    middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
    left, told = root_over(begin, middle, told, rest)
    right, told = root_over(middle, end, told, rest)
    return hashlib.sha256(b"\x01" + left + right).digest(), told


def check_rows() -> Tuple[int, int, int]:
    """Return first and last row and how many; raises for the first that is not its hash's."""
    first = row = count = 0
    with open("entries.jsonl", "rb") as entries:
        for _, row, digest, _ in (told for told in hashes() if told[3]):
            line, first, count = entries.readline(), first or row, count + 1
            leaf = hashlib.sha256(b"\x00" + line.rstrip(b"\n")).hexdigest()
            if leaf != digest or json.loads(line.decode())["row"] != row:
                where = f"entries.jsonl 第 {count} 行（记录 {row}）/ line {count} (row {row})"
                raise ValueError(f"{where} 被改动、移走或插入 was changed, taken out or put in")
        if entries.readline():
            raise ValueError(f"entries.jsonl 多出第 {count + 1} 行 / line {count + 1} is too many")
    if not count:
        raise ValueError("entries.jsonl 没有记录 / it has no rows")
    return first, row, count


def check(kept: Optional[bytes]) -> int:
    names = sorted(os.listdir("."))
    if any(os.path.islink(name) or not os.path.isfile(name) for name in names):
        raise ValueError("只应有普通文件 / only plain files belong in an export")
    text, wrong = Path("export.json").read_bytes().decode(), wrong_files()
    said = json.loads(text)
    if said["format"] != FORMAT:
        print(f"！{said['format']!r:.50}：请用其中的 verify.py / use the verify.py that is in it")
        return 1 if wrong else 2
    if names != FILES.split():
        raise ValueError(f"多出或缺少文件 / too many files, or too few: {names}")
    pem, body = Path("key.pem").read_bytes(), Path("checkpoint.body").read_bytes()
    if kept is not None and kept.split() != pem.split():
        raise ValueError("公钥不是您保存的那一个 / the key is not the one that you keep")
    openssl = subprocess.getoutput(OPENSSL)
    if "Verification Failure" in openssl:
        raise ValueError("检查点的签名无效 / the checkpoint's signature does not hold")
    origin, size, root, time, *_ = body.decode().split("\n")
    if not (origin + time).isprintable():
        raise ValueError("checkpoint.body 含控制字符 / it has control characters")
    rest = hashes()
    found, more = root_over(0, int(size), next(rest), rest)
    if found != base64.b64decode(root) or any(more):
        raise ValueError("hashes.txt 与签名的根不符 / it does not lead to the signed root")
    first, last, rows = check_rows()
    facts = {"origin": origin, "size": int(size), "first": first, "last": last, "rows": rows}
    if wrong or text != json.dumps({**said, **facts}, indent=1, ensure_ascii=False) + "\n":
        raise ValueError(f"与摘要或记录不符 / not what sums or rows say: {wrong or facts!r}")
    print(f"{origin}：{time[5:]} 签名，共 {size} 条 / signed then, over {size} rows")
    print(f"公钥摘要 / digest of key.pem: {hashlib.sha256(pem).hexdigest()}")
    print(f"✓ {rows} 条记录与签名的根相符 / {rows} rows are what the signed root was made of")
    print(f"  记录 rows {first}-{last}，其间未导出 left out between: {last - first + 1 - rows}")
    if "Verified Successfully" in openssl:
        print("✓ 签名有效 / the signature holds")
        return 0
    print(f"！签名未验证，需 openssl 3.0 以上 / signature NOT checked, needs openssl 3: {openssl}")
    return 2


def main(words: List[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", metavar="KEY.pem", help="您保存的公钥 the key that you keep")
    parser.add_argument("folder", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    asked = parser.parse_args(words)
    try:
        kept = Path(asked.key).read_bytes() if asked.key is not None else None
        os.chdir(asked.folder)
    except OSError as error:
        parser.error(str(error))
    if kept is not None and b"BEGIN PUBLIC KEY" not in kept:
        parser.error("--key: 不是 PEM 公钥 / it is no public key in PEM")
    try:
        return check(kept)
    except Exception as error:  # whatever a changed file brings: it is not what was exported
        known = type(error) is ValueError
        print(f"✗ 有问题 / BAD: {error if known else f'无法读取 cannot be read: {error!r:.300}'}")
        return 1


if __name__ == "__main__":
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # also where the locale has no 中文
    sys.exit(main(sys.argv[1:]))
