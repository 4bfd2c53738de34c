"""What the pages of incidents say."""

from typing import Final

from collector.web.language import Text

INCIDENTS: Final[dict[str, Text]] = {
    "incidents": Text("安全事件", "Incidents"),
    "incidents_title": Text("安全事件研判与上报", "Security incidents: judge and report"),
    "incidents_lead": Text(
        "级别由系统建议，由区级人员确认。系统不会对外发送任何内容：报送后请在此登记。",
        "The program proposes a grade, a person of the district decides. Nothing is ever sent "
        "outside: say here what you have reported.",
    ),
    "incidents_open": Text("未办结 {n} 起", "{n} not closed"),
    "incidents_none": Text("没有未办结的安全事件。", "No incident is open."),
    "incidents_over": Text("已办结", "Closed"),
    "incidents_more": Text("另有 {n} 起未列出。", "{n} more are not listed."),
    "incidents_unreadable": Text(
        "安全事件暂时无法读取，因此未知：{reason}", "The incidents cannot be read now: {reason}"
    ),
    "incident_number": Text("事件 {n}", "Incident {n}"),
    "incident_alert": Text("查看告警 {n}", "Alert {n}"),
    "incident_of_alert": Text(
        "这条告警是安全事件，须由区级人员研判：", "This alert is a security incident to be judged:"
    ),
    "incident_spreads": Text("多校同类攻击：{what}", "The same attack at many schools: {what}"),
    "incident_district": Text("全区", "the district"),
    "incident_times": Text("{began} 开始，{found} 发现", "began {began}, discovered {found}"),
    "incident_ended": Text("{time} 停止", "over {time}"),
    "incident_goes_on": Text("仍在进行", "still going on"),
    "incident_proposed": Text("建议级别", "Proposed grade"),
    "incident_raised": Text(
        "一小时内多所学校（三所，或全区十分之一）出现同类攻击，建议提高一级",
        "the same attack at many schools (three, or a tenth) within an hour: one grade higher",
    ),
    "incident_alone": Text("单校事件，通常为一般", "one school alone is ordinary as a rule"),
    "incident_confirmed": Text("确认级别", "Confirmed grade"),
    "incident_unconfirmed": Text("尚未确认", "not confirmed yet"),
    "incident_by": Text("{by}，{time} 确认", "by {by} at {time}"),
    "incident_concerns": Text("涉及", "Concerns"),
    "incident_closed": Text("{by} 于 {time} 办结：{note}", "closed by {by} at {time}: {note}"),
    "grade_一般": Text("一般", "ordinary (一般)"),
    "grade_较大": Text("较大", "larger (较大)"),
    "grade_重大": Text("重大", "major (重大)"),
    "grade_特别重大": Text("特别重大", "extraordinary (特别重大)"),
    "grade_误报": Text("误报", "false alarm (误报)"),
    "concern_crime": Text("涉嫌违法犯罪", "a crime is suspected"),
    "concern_minors": Text("涉及未成年人个人信息", "personal data of minors"),
    "concern_personal_data": Text("涉及个人信息", "personal data"),
    # Clocks
    "incident_clocks": Text("上报时限", "What is due"),
    "incident_no_clocks": Text(
        "按目前的级别和标记，没有须上报的时限。", "As graded and marked now, no report is due."
    ),
    "incident_workdays": Text("{n} 个工作日", "{n} working days"),
    "step_初报": Text("初报", "First report (初报)"),
    "step_续报": Text("续报", "Progress report (续报)"),
    "step_终报": Text("终报", "Final report (终报)"),
    "clock_to": Text("报{to}", "to {to}"),
    "clock_discovery": Text("发现后 {limit}内", "within {limit} of the discovery"),
    "clock_closing": Text("办结后 {limit}内", "within {limit} of the closing"),
    "clock_until": Text("应于 {time} 前", "due by {time}"),
    "clock_waits": Text("未到期", "time is left"),
    "clock_due": Text("即将到期", "due soon"),
    "clock_overdue": Text("已逾期", "overdue"),
    "clock_reported": Text("已上报", "reported"),
    "clock_reported_late": Text("已上报（逾期）", "reported late"),
    "clock_late_by": Text("已逾期 {lasting}", "overdue for {lasting}"),
    "clock_reported_by": Text("{by} 于 {time} 登记", "noted by {by} at {time}"),
    "clock_source": Text("依据：{source}", "source: {source}"),
    "tag_P": Text("已核对原文", "read in the original"),
    "tag_Q": Text("转引，请核实", "quoted by others, to be checked"),
    "tag_G": Text("推定，请核实", "a guess, to be checked"),
    # What people do
    "incident_judge": Text("研判", "Judge"),
    "incident_confirm": Text("确认级别", "Confirm the grade"),
    "incident_again": Text("更改级别或标记", "Change grade or marks"),
    "incident_grade": Text("级别", "Grade"),
    "incident_is_proposed": Text("{grade}（建议）", "{grade}, proposed"),
    "incident_note": Text(
        "理由（与建议级别不同时必填）", "Why (required if it is not the proposed grade)"
    ),
    "incident_report": Text("登记已上报", "It has been reported"),
    "incident_report_note": Text("方式和回执（可不填）", "How, and the receipt (optional)"),
    "incident_close": Text("办结", "Close"),
    "incident_close_note": Text("处置情况（必填）", "What was done (required)"),
    "incident_close_later": Text(
        "确认级别、且事件停止后才能办结。", "It can be closed once it is graded and over."
    ),
    "incident_may_not": Text(
        "当前账号只能查看；研判和上报由区级人员负责。",
        "This account reads; people of the district judge and report.",
    ),
    "incident_drafts": Text("报告草稿", "Drafts of reports"),
    "incident_drafts_why": Text(
        "草稿须由报告人核对、补全【请填写】后自行报送。",
        "Drafts are in Chinese. Check them, fill in where 【请填写】 stands, and hand them in.",
    ),
    # Refusals
    "refused_no_incident": Text("没有这起安全事件。", "There is no such incident."),
    "refused_no_grade": Text("没有这个级别。", "There is no such grade."),
    "refused_no_concern": Text("没有这个标记。", "There is no such mark."),
    "refused_incident_reason": Text(
        "与建议级别不同，请写明理由。", "It is not the proposed grade: say why."
    ),
    "refused_incident_clock": Text(
        "确认时间早于发现时间，请检查时钟。",
        "The confirmation would be before the discovery: see the clock.",
    ),
    "refused_unconfirmed": Text(
        "尚未有人确认级别，不能生成报告、登记上报或办结。",
        "Nobody has confirmed the grade: no report and no closing before that.",
    ),
    "refused_false_alarm": Text(
        "已确认为误报，无需上报。", "It was a false alarm: there is nothing to report."
    ),
    "refused_no_clock": Text(
        "这一事件没有这一时限。", "This report is not asked for of this incident."
    ),
    "refused_reported": Text(
        "已登记过上报，不能重复登记。", "It is noted already that this was reported."
    ),
    "refused_incident_lasts": Text(
        "事件仍在进行，不能办结。", "It is still going on; it cannot be closed."
    ),
    "refused_incident_how": Text("请写明处置情况。", "Say what was done."),
    "refused_incident_closed": Text(
        "事件已办结，不能再改。", "It is closed; it cannot be changed any more."
    ),
    "refused_not_district": Text(
        "只有区级人员可以研判和上报。", "Only people of the district judge and report."
    ),
    "refused_nobody": Text("须有具名的确认人。", "It needs a person with a name."),
    "refused_not_closed": Text(
        "事件尚未办结，不能生成终报。", "There is no final report before the incident is closed."
    ),
}
