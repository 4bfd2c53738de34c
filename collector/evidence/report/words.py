"""The report's words, Chinese first; the sentence that it is no assessment stands here once."""

from collections.abc import Mapping
from typing import Final

from collector.evidence.report.finding import Coverage, Verdict
from core.alerts import Text

SELF_CHECK: Final = Text(
    "自查，不是测评：由本系统读取自身记录得出，不能代替有资质机构的等级测评",
    "A self-check, no assessment: made by this system of its own records; it replaces no "
    "assessment by a licensed body",
)
TITLE: Final = Text("网络安全等级保护自查报告", "Graded protection self-check")
VERDICTS: Final[Mapping[Verdict, Text]] = {
    "met": Text("满足证据", "met"),
    "part": Text("部分", "part"),
    "gap": Text("缺口", "gap"),
    "manual": Text("人工", "manual"),
    "unknown": Text("未知", "unknown"),
    "young": Text("未满期", "young"),
    "none": Text("不要求", "not asked"),
}
MEANING: Final[Mapping[Verdict, Text]] = {
    "met": Text(
        "要求的全部内容都有可复核的证据", "there is evidence, to be counted again, for all"
    ),
    "part": Text(
        "只有一部分有证据：或有不足（见“缺口”），或条款的其余部分不在本系统之内",
        "for a part: something lacks, or the rest of the clause is outside this system",
    ),
    "gap": Text("明确没有做到", "plainly not done"),
    "manual": Text(
        "只有人能说明；有说明也由人核实", "only a person can say, and a person has to look"
    ),
    "unknown": Text("没有数据，既不算好也不算坏", "no data: neither good nor bad"),
    "young": Text("系统运行未满期，期满前不作结论", "the system has not run for long enough"),
    "none": Text("该级别不要求", "the level does not ask for it"),
}
COVERAGES: Final[Mapping[Coverage, Text]] = {
    "full": Text("全部（指本系统自身）", "full (of this system itself)"),
    "part": Text("部分", "part"),
    "manual": Text("人工", "manual"),
}
NUMBERS: Final[Mapping[str, Text]] = {
    "quoted": Text("编号有第三方引用", "number quoted by a third party"),
    "quoted_once": Text("编号仅见一处引用", "number quoted once only"),
    "order": Text(
        "编号按标准顺序推定，引用前请核对", "number by regular order: check before citing"
    ),
}
HEADS: Final = (
    Text("条款（三级 / 二级）", "clause (level 3 / 2)"),
    Text("要求（摘要）", "asks (in short)"),
    Text("本系统覆盖", "coverage"),
    Text("结论（三级 / 二级）", "verdict (level 3 / 2)"),
    Text("数值", "figure"),
    Text("缺口与下一步", "gaps, and what to do next"),
    Text("证据", "evidence"),
)
COVERED: Final = Text(
    "操作与记录对照（8.1.4.3 a）", "Acts and the records that they leave (8.1.4.3 a)"
)
COVERED_HEADS: Final = (
    Text("网页地址、接口、命令", "address or command"),
    Text("留下的记录", "records"),
    Text("不留记录的理由", "why none"),
)
LEVEL3: Final = Text("仅三级", "level 3 only")
BLOCKED: Final = Text("证据无法读取", "evidence could not be read")
STATED: Final = Text("人工说明", "statement")
HOW_TO_COUNT: Final = Text(
    "证据可复核：每项写明来源、查询、行号、数量和 SHA-256。audit/*.jsonl 的 SHA-256 是所列种类"
    "在期间内各行（含换行）的摘要；ledger.db 的是查询结果逐行 JSON（含换行）的摘要。"
    "GB/T 22239-2019 条文只作摘要，编号引用前请与正式文本核对。",
    "Evidence can be counted again: each names source, query, rows, count and SHA-256. Of "
    "audit/*.jsonl that is the digest of the lines of the kind within the time, with their "
    "newlines; of ledger.db of the rows of the query as JSON, a line each. The standard's text is "
    "only in short here: check numbers against a bought copy before citing.",
)
