"""Rules about what many schools see of one server: one cause is one message, and not one of each.

What has begun hides already, so each may hold a little longer than the rule of one school does: by
then it is known whether something else hides those, as a line that is down does.
"""

from typing import Final

from alerts.rules import Rule, RuleTexts, Sighted
from alerts.shipped.servers import (
    CERT_EXPIRING,
    CERT_INVALID,
    TARGET_SLOW,
    TARGET_UNREACHABLE,
    TWO_ROUNDS_S,
)
from core.alerts import Text

DECIDED_S: Final = 15.0

TARGET_AWAY: Final = Rule(
    "target_away",
    Sighted("target_away"),
    "P3",
    RuleTexts(
        title=Text(
            "多所学校打不开同一个平台：{what}（{count} 所学校）",
            "A page does not open at many schools: {what} ({count} schools)",
        ),
        meaning=Text(
            "多半是平台自己或公共线路的故障，不是各校的问题；要用它的课请准备备用资源。涉及：{schools}",
            "Most likely its own fault or that of a line they share, not the schools'; lessons "
            "that need it want something else at hand. Concerned: {schools}",
        ),
        first=Text(
            "请由区里统一联系平台客服和运营商；不必逐校打电话。",
            "Let the district ask its operators and the carrier once for all.",
        ),
        ended=Text(
            "平台在多数学校又能打开：{what}", "The page opens again at most schools: {what}"
        ),
    ),
    hold_s=TARGET_UNREACHABLE.hold_s + DECIDED_S,
    keep_s=TWO_ROUNDS_S,
    in_school_time="P2",
    hides=(TARGET_UNREACHABLE.name,),
)

TARGET_BUSY: Final = Rule(
    "target_busy",
    Sighted("target_busy"),
    "P3",
    RuleTexts(
        title=Text(
            "多所学校打开同一个平台都很慢：{what}（{count} 所学校）",
            "A page is slow at many schools: {what} ({count} schools)",
        ),
        meaning=Text(
            "多半是平台繁忙或公共线路拥挤，不是各校的问题。涉及：{schools}",
            "Most likely it is busy, or a line that they share is full. Concerned: {schools}",
        ),
        first=Text(
            "请由区里向平台客服反映；上课可错开高峰，或先把课件下载好。",
            "Let the district tell its operators; use it at another hour, or load files before.",
        ),
        ended=Text(
            "平台在多数学校打开恢复正常：{what}", "Not slow any more at most schools: {what}"
        ),
    ),
    hold_s=TARGET_SLOW.hold_s + DECIDED_S,
    keep_s=TWO_ROUNDS_S,
    hides=(TARGET_SLOW.name,),
)

CERT_EVERYWHERE: Final = Rule(
    "cert_everywhere",
    Sighted("cert_everywhere"),
    "P3",
    RuleTexts(
        title=Text(
            "多所学校发现同一个网站证书有问题或即将到期：{what}（{count} 所学校）",
            "A certificate is bad or expires soon for many schools: {what} ({count} schools)",
        ),
        meaning=Text(
            "是网站自己的证书，不是各校的问题；到期后浏览器会拒绝打开它。涉及：{schools}",
            "It is the site's own certificate; once it is over, browsers refuse the site. "
            "Concerned: {schools}",
        ),
        first=Text(
            "请由区里通知网站管理员更换证书；不必逐校打电话。",
            "Let the district tell who runs the site to renew it.",
        ),
        ended=Text("网站证书恢复正常：{what}", "The certificate is good again: {what}"),
    ),
    hold_s=CERT_INVALID.hold_s + DECIDED_S,
    hides=(CERT_INVALID.name, CERT_EXPIRING.name),
)
