"""Rules about servers that a school needs: platforms, name servers, certificates (R-12)."""

from typing import Final

from alerts.rules import Rule, RuleTexts, Threshold, Worded
from alerts.verdictwords import CERTIFICATE, DNS, HTTP
from core.alerts import Text

TWO_ROUNDS_S: Final = 120.0
"""A probe asks each minute: what lasts so long failed at least twice, and is over after two."""
TWO_LOOKS_S: Final = 3_700.0
"""A certificate is looked at each hour."""

ANSWERS: Final = frozenset({"ok", "slow"})
PHASES: Final = ("resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms")
LIES: Final = frozenset({"wrong_address", "sinkhole", "not_nxdomain", "two_answers", "mismatched"})
# A name without a record of one type, AAAA above all, is answered as it should be.
HONEST: Final = frozenset({"ok", "no_data"})

TARGET_UNREACHABLE: Final = Rule(
    "target_unreachable",
    Worded(
        *("http_response", "verdict", "server", frozenset(HTTP) - ANSWERS, ANSWERS),
        beside=("family",),
        tells=("http_response_code",),
        code="result_code",
        otherwise=Threshold("http_response", "result_code", "server", 1, 1),
    ),
    "P3",
    RuleTexts(
        title=Text(
            "平台打不开：{where} {what}，{why}", "A page does not open: {what} at {where}: {why}"
        ),
        meaning=Text(
            "那里现在用不了这个平台，要用它的课请准备备用资源。",
            "It cannot be used there now; lessons that need it want something else at hand.",
        ),
        first=Text(
            "请先在那里用浏览器打开这个地址。也打不开时：{advice}。",
            "Open the address in a browser there. If that fails too: {advice}.",
        ),
        ended=Text("平台又能打开：{where} {what}", "The page opens again: {what} at {where}"),
    ),
    hold_s=TWO_ROUNDS_S,
    keep_s=TWO_ROUNDS_S,
    in_school_time="P2",
)

TARGET_SLOW: Final = Rule(
    "target_slow",
    Worded(
        *("http_response", "verdict", "server", frozenset({"slow"}), frozenset({"ok"})),
        beside=("family",),
        tells=("response_time", *PHASES),
        code="result_code",
        otherwise=Threshold("http_response", "response_time", "server", 3, 2, over=True),
    ),
    "P3",
    RuleTexts(
        title=Text(
            "平台打开很慢：{where} {what}，用了 {seconds} 秒，主要慢在：{phase}",
            "A page is slow: {what} at {where} took {seconds} s, most of it: {phase}",
        ),
        meaning=Text(
            "打开课件和视频要等很久，课堂节奏会被打断。",
            "Pages and videos keep a class waiting.",
        ),
        first=Text(
            "请先看是否有人在下载或上传大文件；若只有这个平台慢，多半是平台繁忙，可换个时间再用。",
            "See whether somebody is moving large files; if it alone is slow, it is most likely "
            "busy: use it at another time.",
        ),
        ended=Text("平台打开恢复正常：{where} {what}", "Not slow any more: {what} at {where}"),
    ),
    hold_s=300,
    keep_s=TWO_ROUNDS_S,
)

RESOLVER_FAILS: Final = Rule(
    "resolver_fails",
    Worded(
        *("dns_query", "verdict", "server", frozenset(DNS) - LIES, HONEST | LIES),
        beside=("domain", "record_type"),
        code="result_code",
        otherwise=Threshold("dns_query", "result_code", "server", 1, 1),
    ),
    "P3",
    RuleTexts(
        title=Text(
            "域名服务器（DNS）解析失败：{where} {what}，{why}",
            "A name server fails: {what} at {where}: {why}",
        ),
        meaning=Text(
            "用这个域名服务器的电脑打不开网页，或要等几秒才打开，看起来像断网。",
            "Machines that ask this name server open pages late or not at all, as without network.",
        ),
        first=Text(
            "请先重启路由器（它常兼作域名服务器）；仍不行，在路由器上换用运营商提供的域名服务器地址。",
            "Restart the router, which often is the name server too; if it stays, set the "
            "carrier's name servers there.",
        ),
        ended=Text(
            "域名服务器（DNS）已恢复：{where} {what}", "The name server works: {what} at {where}"
        ),
    ),
    hold_s=TWO_ROUNDS_S,
    keep_s=TWO_ROUNDS_S,
    in_school_time="P2",
)

RESOLVER_LIES: Final = Rule(
    "resolver_lies",
    Worded(
        *("dns_query", "verdict", "server", LIES, HONEST),
        beside=("domain", "record_type"),
    ),
    "P2",
    RuleTexts(
        title=Text(
            "域名解析结果不可信：{where} {what}，{why}",
            "A name server does not tell the truth: {what} at {where}: {why}",
        ),
        meaning=Text(
            "师生可能被带到假冒网站或广告页面，账号和口令可能被骗走。",
            "People may be led to a false site or to advertising, and lose their passwords there.",
        ),
        first=Text(
            "请先检查路由器上的域名服务器地址是否被人改过，并修改路由器的管理口令；"
            "若是网站自己换了地址，请更新采集端配置里的预期地址。",
            "See whether somebody changed the name servers in the router, and change its password; "
            "if the site itself has moved, correct what the agent's file expects.",
        ),
        ended=Text(
            "域名解析结果恢复正常：{where} {what}",
            "The name server tells the truth again: {what} at {where}",
        ),
    ),
    hold_s=TWO_ROUNDS_S,
    keep_s=TWO_ROUNDS_S,
)

CERT_INVALID: Final = Rule(
    "cert_invalid",
    Worded(
        *("x509_cert", "verdict", "source", frozenset(CERTIFICATE), frozenset({"ok"})),
        tells=("days_left",),
        code="verification_code",
        otherwise=Threshold("x509_cert", "verification_code", "source", 1, 1),
    ),
    "P3",
    RuleTexts(
        title=Text(
            "网站证书有问题：{what}，{why}（由 {where} 发现）",
            "A certificate is not good: {what}: {why} (seen by {where})",
        ),
        meaning=Text(
            "浏览器会警告或拒绝打开这个网站；不要让师生习惯点“继续访问”。",
            "Browsers warn of the site or refuse it; nobody should get used to clicking that away.",
        ),
        first=Text(
            "请先核对那台电脑的日期和时间；再看别的学校是否也如此：只有一所学校有问题，"
            "多半是那里有设备在拦截加密连接；都有问题，请通知网站管理员更换证书。",
            "Check date and time of that machine; if other schools see it too, tell who runs the "
            "site; if one alone does, a device there stands in the encrypted connection.",
        ),
        ended=Text(
            "网站证书恢复正常：{what}（{where}）", "The certificate is good: {what} ({where})"
        ),
    ),
    hold_s=TWO_LOOKS_S,
)

CERT_EXPIRING: Final = Rule(
    "cert_expiring",
    Threshold(
        *("x509_cert", "days_left", "source", 14, 21),
        under=True,
        # One that is over is `cert_invalid`, and of one that is false nobody asks how long.
        heeds={"verdict": frozenset({"ok", "weak"})},
    ),
    "P4",
    RuleTexts(
        title=Text(
            "网站证书还有 {value} 天到期：{what}（由 {where} 发现）",
            "A certificate expires in {value} days: {what} (seen by {where})",
        ),
        meaning=Text(
            "到期后浏览器会拒绝打开这个网站，用它的课就上不了。",
            "After that browsers refuse the site, and with it lessons that need it.",
        ),
        first=Text(
            "请通知这个网站的管理员在到期前更换证书；若是本区自己的网站，现在就更换。",
            "Tell who runs the site to renew it in time; if it is the district's own, do it now.",
        ),
        ended=Text(
            "网站证书已更换：{what}（{where}）", "The certificate was renewed: {what} ({where})"
        ),
    ),
    # Two weeks are long; so it is known before whether all schools see the same.
    hold_s=TWO_LOOKS_S,
)
