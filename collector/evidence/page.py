"""The page of an export: what it is, how it is checked, what it may not be used for. zh first."""

from typing import Final

COMMANDS: Final = (
    "sha256sum -c SHA256SUMS",
    "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.body "
    "-sigfile checkpoint.sig",
    "sha256sum key.pem",
    "python3 verify.py",
    r"""head -n 1 entries.jsonl | (IFS= read -r line; printf '\0%s' "$line") | sha256sum""",
)
"""To be typed in the folder of the unpacked export; the tests take them from the page."""

_RANGE_ZH: Final = "记录 {first} 至 {last}，其间没有缺失。"
_RANGE_EN: Final = "rows {first} to {last}, none between them left out."
_ONE_ZH: Final = "记录 {first}。"
_ONE_EN: Final = "row {first}."
_EACH_ZH: Final = (
    "按“{filter}”挑选的记录，在 {first} 至 {last} 之间。每条都有证明；没有漏选这一点无法由此证明，"
    "需要时请索取整段导出。"
)
_EACH_EN: Final = (
    "rows between {first} and {last} chosen by {filter}. Each has its proof; that none was left "
    "out this cannot prove: ask for the whole range where that matters."
)

_PAGE: Final = """审计日志导出：使用说明（English below）

来源：{origin}。内容：{content_zh}共 {rows} 条。
检查点：{time}，覆盖 {size} 条记录。
本材料用于自查和核验日志的完整性，不是测评结论。

一、只用系统自带的工具检查（解包到空文件夹，在其中运行）

1. 文件未损坏（每行应显示 OK 或“成功”）：
$ {sums}
2. 检查点的签名有效（应显示 Signature Verified Successfully；openssl 3.0 以上）：
$ {openssl}
3. 公钥的摘要：请与您另行取得并保存的摘要核对，不要只相信本导出自带的公钥：
$ {digest}

二、检查每条记录（Python 3.6 以上，不需安装任何东西）

4. 记录与签名的根是否相符；若不相符，会指出第一处不符的行。
您保存有公钥时，请加上 --key 和它的文件名（该文件不要放进本文件夹）：
$ {verify}
5. 只用系统工具也可抽查一条，如第一行：结果应与 hashes.txt 中该记录号后面的哈希相同：
$ {leaf}

三、能证明什么，不能证明什么

能证明：这些记录在检查点签名时就在日志中，内容和次序此后未改动。
不能证明：首条之前、末条之后没有同一时段的记录，需要时请索取前一条和后一条（audit prove）。
不能证明：签名之前记录是否属实；也不能排除持有签名密钥的人重写整个日志后重新签名。
后者要与见证方（学校的采集端、审计员的主机）保存的检查点比对。本导出证明的只有 checkpoint.body：
记录数相同时，它的前三行（名称、记录数、根）与见证方保存的必须逐字相同；记录数不同时，请索取按
见证方那个检查点所作的导出（audit export --size 记录数）。checkpoints 中的其他检查点和本说明不在
签名的根之内，不能作为证明。

四、用途限制

本导出仅用于网络安全审计和日志核验。不得用于处分、惩戒学生或教职工，不得用于营销，
不得用于教师考核评价（网络安全法第三十二条、个人信息保护法第六条）。用后请按规定销毁。

文件：entries.jsonl 记录；checkpoint.body 检查点，即被签名的内容，checkpoint.sig 签名；
checkpoints 期间每日的检查点（未经证明，供查找）；key.pem 公钥；hashes.txt 通向签名根的哈希；
verify.py 检查程序。

----------------------------------------------------------------------------------------

Export of the audit log: how to use it

From {origin}: {content_en} {rows} rows in all.
Checkpoint of {time}, over {size} rows.
It is for a self-check and for proving the log; it is no official assessment.

A. With what every system has (unpack it into an empty folder, and run these there)

1. No file is damaged (each line says OK):            sha256sum, command 1 above
2. The checkpoint's signature holds (it says "Signature Verified Successfully"; openssl >= 3.0):
   command 2 above
3. The digest of the key: compare it with the one that you got another way and keep; do not just
   believe the key that came with the export:         command 3 above

B. Every record (Python 3.6 or later, nothing to install)

4. Whether the records lead to the signed root, and the first line that does not: command 4 above.
   Where you keep the key, add --key and the name of its file, which is not to be in this folder.
5. A single record, here the first line, with what every system has: command 5 above gives the hash
   that stands behind the row's number in hashes.txt.

C. What this proves, and what not

It proves that these records were in the log when the checkpoint was signed, and that neither they
nor their order have changed since. It does not prove that no row of that time stands before the
first or behind the last: where that matters, ask for the one before and the one behind (audit
prove). It does not prove that what was recorded is true, nor that nobody who has the signing key
rewrote the whole log and signed it anew. For that, compare with a checkpoint that a witness keeps
(agents in schools, the auditor's host). Only checkpoint.body is proved here: over the same number
of rows, its first three lines (name, rows, root) have to be those that the witness keeps, letter
for letter. Where the witness keeps one over another number, ask for an export under that one (audit
export --size NUMBER). The others in the file checkpoints, and this page, are not under the signed
root, and prove nothing.

D. What it may be used for

For auditing network security and proving the log. Not for discipline of pupils or staff, not for
marketing, not for the appraisal of teachers (Cybersecurity Law art. 32, PIPL art. 6). Destroy it
as your rules say when it is not needed any more.

Files: entries.jsonl, the records; checkpoint.body, the checkpoint, which is what was signed, and
checkpoint.sig, the signature; checkpoints, one of each day (not proved, for finding); key.pem;
hashes.txt, which leads to the signed root; verify.py.
"""


def page(said: dict[str, object], time: str) -> str:
    """Return the page of an export; *said* is its export.json."""
    chosen = str(said.get("filter", ""))
    zh, en = (_EACH_ZH, _EACH_EN) if chosen else (_RANGE_ZH, _RANGE_EN)
    if said["first"] == said["last"]:
        zh, en = _ONE_ZH, _ONE_EN
    place = {"first": said["first"], "last": said["last"], "filter": chosen}
    sums, openssl, digest, verify, leaf = COMMANDS
    return _PAGE.format(
        origin=said["origin"],
        content_zh=zh.format(**place),
        content_en=en.format(**place),
        rows=said["rows"],
        time=time,
        size=said["size"],
        sums=sums,
        openssl=openssl,
        digest=digest,
        verify=verify,
        leaf=leaf,
    )
