"""What the pages say where people sign in and act."""

from typing import Final

from collector.web.language import Text

PEOPLE: Final[dict[str, Text]] = {
    "sign_in": Text("登录", "Sign in"),
    "sign_out": Text("退出登录", "Sign out"),
    "sign_in_why": Text(
        "查看不需要登录，安全事件除外。确认告警、设置静默、研判安全事件时请用自己的账号登录，"
        "所有操作都会记入审计日志。",
        "Reading needs no account, but for incidents. Sign in with your own to acknowledge or "
        "silence alerts, or to judge incidents; everything that is done goes into the audit log.",
    ),
    "sign_in_name": Text("账号", "Account"),
    "sign_in_password": Text("密码", "Password"),
    "sign_in_wrong": Text(
        "账号或密码不正确。忘记密码请联系管理员重新设置。",
        "Account or password is not right. If you forgot it, ask the administrator for a new one.",
    ),
    "sign_in_wait": Text(
        "尝试次数过多，请在 {lasting}后再试。", "Too many attempts: try again in {lasting}."
    ),
    "sign_in_stale": Text(
        "登录页面已过期，请重新输入。请确认浏览器允许本站使用 Cookie。",
        "The page was too old; please enter it again. The browser has to allow our cookie.",
    ),
    "sign_in_insecure": Text(
        "为保护密码，只能通过 https 登录。请使用管理员给出的 https 地址打开本页。",
        "To protect passwords, signing in works by https only. Open this page by the https "
        "address that your administrator gave you.",
    ),
    "role_of_district": Text("区县管理员", "district"),
    "role_of_school": Text("学校管理员", "school"),
    "role_of_auditor": Text("审计员（只读）", "auditor, reads only"),
    # Acknowledging
    "ack_button": Text("我来处理（确认）", "I take care of it (acknowledge)"),
    "ack_title": Text("确认告警", "Acknowledge an alert"),
    "ack_heading": Text("处置", "Handling"),
    "ack_nobody": Text("还没有人确认这条告警。", "Nobody has acknowledged this alert yet."),
    "ack_by": Text("{by} 已于 {time} 确认", "{by} acknowledged it at {time}"),
    "ack_short": Text("{by} 已确认", "acknowledged by {by}"),
    "ack_note": Text(
        "备注（可不填）：准备怎么做、何时到场", "Note (optional): what you will do, when"
    ),
    "ack_name": Text("您的姓名（可不填）", "Your name (optional)"),
    "ack_who": Text(
        "将以“{receiver}”消息接收人的身份确认；姓名由您填写，不作验证。",
        "It will be acknowledged as a receiver of “{receiver}”; the name is what you enter, and "
        "nobody checks it.",
    ),
    "ack_means": Text(
        "确认表示您会处理：系统不再向其他人升级提醒，告警会继续显示直到恢复。仅打开本页不会确认。",
        "It means that you take care of it: nobody else is asked, and the alert stays until it is "
        "over. Opening this page alone acknowledges nothing.",
    ),
    "ack_ended": Text(
        "这条告警已经恢复，不需要确认。", "This alert is over; there is nothing to acknowledge."
    ),
    "ack_undo": Text("撤回确认", "Take it back"),
    "ack_sign_in": Text("登录后确认", "Sign in to acknowledge"),
    "ack_may_not": Text(
        "当前账号只能查看，不能处理这条告警。", "This account may read this alert, not act on it."
    ),
    "ack_open_page": Text("打开告警页面", "Open the alert's page"),
    "link_invalid": Text("链接无效或已过期", "This link is not valid, or too old"),
    "link_invalid_next": Text(
        "消息中的确认链接在 7 天内有效。请使用最近一条消息中的链接，或登录后在告警页面确认。",
        "Links in messages are valid for 7 days. Use the one in the latest message, or sign in "
        "and acknowledge on the alert's page.",
    ),
    "how_page": Text("网页", "on the page"),
    "how_link": Text("消息中的链接", "by the link in a message"),
    "how_api": Text("接口", "by the API"),
    # Silences
    "silences": Text("静默", "Silences"),
    "silences_why": Text(
        "静默期间仍会监测和显示，但不再通知任何人；到期后若问题仍在，会立即通知。",
        "What is silenced is still watched and shown, but nobody is told; what outlasts the "
        "silence is told at its end.",
    ),
    "silences_lasting": Text("生效中", "In force"),
    "silences_none": Text("没有生效中的静默。", "No silence is in force."),
    "silences_over": Text("已结束的静默", "Over"),
    "silence_until": Text("至 {time}，由 {by} 设置", "until {time}, by {by}"),
    "silence_was": Text("{began} 至 {ended}，由 {by} 设置", "{began} to {ended}, by {by}"),
    "silence_ended_by": Text("{by} 提前结束", "ended early by {by}"),
    "silence_because": Text("原因：{reason}", "reason: {reason}"),
    "silence_end": Text("立即结束", "End it now"),
    "silence_any_rule": Text("所有规则", "every rule"),
    "silence_everywhere": Text("所有地点", "everywhere"),
    "silence_now": Text(
        "这条告警正在静默，不通知任何人。", "This alert is silenced: nobody is told."
    ),
    "silence_make": Text("设置静默（计划内的工作）", "Silence it (planned work)"),
    "silence_scope": Text("范围", "What"),
    "silence_same": Text("只静默这一个问题", "this condition alone"),
    "silence_place": Text("同一位置的同类问题", "this rule at this place"),
    "silence_school": Text("本校的全部告警", "everything at this school"),
    "silence_hours": Text("时长", "For how long"),
    "silence_reason": Text("原因（必填）", "Reason (required)"),
    "silence_button": Text("静默", "Silence"),
    # The story
    "story_acked": Text("{by} 确认（{how}）", "{by} acknowledged it ({how})"),
    "story_undone": Text("{by} 的确认已撤回", "what {by} acknowledged was taken back"),
    "story_stage": Text("{by} 记录：{stage}", "{by} noted: {stage}"),
    "story_note": Text("备注：{note}", "note: {note}"),
    "stage_contain": Text("已控制影响", "Contained"),
    "stage_fix": Text("已修复", "Fixed"),
    "stage_verify": Text("已核实恢复", "Verified"),
    "stage_close": Text("已办结", "Closed"),
    "stage_next": Text("记录下一步：{stage}", "Note the next step: {stage}"),
    "stage_waits": Text(
        "下一步“{stage}”在告警恢复后才能记录。", "The next step, {stage}, comes when it is over."
    ),
    # Refusals
    "error_401": Text("请先登录", "Please sign in"),
    "error_401_next": Text(
        "此操作需要登录；登录可能已因长时间未操作而结束。",
        "This needs an account; you may have been signed out because nobody was there.",
    ),
    "error_403": Text("不能这样做", "This may not be done"),
    "error_403_next": Text(
        "当前账号没有此权限，或页面已过期。请重新打开页面；学校账号只能处理本校告警，审计账号只读。",
        "This account may not, or the page was too old. Open it again; a school acts on its own "
        "alerts only, an auditor reads.",
    ),
    "error_409": Text("现在不能这样做", "This cannot be done now"),
    "error_429": Text("操作过于频繁", "Too often"),
    "error_429_next": Text("请稍候几分钟再试。", "Please try again in a few minutes."),
    "error_503": Text("暂时无法保存", "This cannot be kept now"),
    "error_503_next": Text(
        "数据库暂时没有响应，请稍后再试；重复提交不会有副作用。",
        "The database does not answer now. Try again; doing it twice does no harm.",
    ),
    "error_audit": Text("未执行：审计日志无法写入", "Not done: the audit log cannot be written"),
    "error_audit_next": Text(
        "没有任何更改。请管理员清理监测中心磁盘空间，或检查 audit 目录是否被改动，然后重试。"
        " Nothing was changed: make room on the collector's disk, or see who changed its folder "
        "audit; then try again.",
        "Nothing was changed. Make room on the collector's disk, or see who changed its folder "
        "audit; then try again. "
        "没有任何更改：请清理监测中心磁盘空间，或检查 audit 目录，然后重试。",
    ),
    "refused_audit_stopped": Text(
        "审计日志无法写入，暂不提供。", "Not given now: the audit log cannot be written."
    ),
    "refused_unknown": Text("没有这条告警。", "There is no such alert."),
    "refused_ended": Text(
        "这条告警已经恢复，不需要确认。", "This alert is over; there is nothing to acknowledge."
    ),
    "refused_not_acked": Text("还没有人确认这条告警。", "Nobody has acknowledged this alert."),
    "refused_other_role": Text(
        "确认只能由同一角色撤回。", "Only the role that acknowledged it can take that back."
    ),
    "refused_begun": Text(
        "处置已经开始，不能再撤回确认。", "The handling has gone on; it cannot be taken back."
    ),
    "refused_order": Text("请按顺序记录处置步骤。", "The steps are noted in their order."),
    "refused_no_reason": Text("请填写静默的原因。", "A silence needs a reason."),
    "refused_no_silence": Text("没有这条静默。", "There is no such silence."),
    "refused_bad_silence": Text(
        "无法设置这条静默：请检查时长和范围。",
        "This silence cannot be made: see how long and what.",
    ),
    "refused_lasts": Text(
        "告警仍未恢复，不能记录这一步。", "The alert still lasts; this step comes when it is over."
    ),
}
