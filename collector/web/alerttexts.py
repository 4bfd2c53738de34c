"""What the pages say of alerts; titles and next steps come from the rules themselves."""

from typing import Final

from collector.web.language import Text

ALERTS: Final[dict[str, Text]] = {
    "alerts": Text("告警", "Alerts"),
    "alerts_open": Text("未恢复的告警", "Open alerts"),
    "alerts_open_n": Text("{n} 条未恢复的告警", "{n} open alerts"),
    "alerts_none": Text("没有未恢复的告警。", "No alert is open."),
    "alerts_all": Text("全部告警", "All alerts"),
    "alerts_over": Text("最近已恢复", "Over"),
    "alerts_over_none": Text("没有已恢复的告警。", "Nothing is over yet."),
    "alerts_older": Text("更早的告警", "Older ones"),
    "alerts_newest": Text("回到最新", "Newest"),
    "alerts_more": Text("另有 {n} 条未列出", "{n} more not shown"),
    "alerts_hidden": Text(
        "另有 {n} 条暂不通知：已由别的告警说明、已静默、在维护中，或等到上课时间",
        "{n} more are not told of now: others explain them, or they are silenced, in maintenance, "
        "or wait for lessons",
    ),
    "alerts_unreadable": Text(
        "告警暂时无法读取，因此未知：{reason}", "The alerts cannot be read now: {reason}"
    ),
    "alerts_of": Text("只显示：{what}", "Only: {what}"),
    "alert_began": Text("自 {time} 起，已 {lasting}", "since {time}, for {lasting}"),
    "alert_lasted": Text("{began} 至 {ended}，持续 {lasting}", "{began} to {ended}, for {lasting}"),
    "severity_P1": Text("P1 · 立即处理", "P1 · now"),
    "severity_P2": Text("P2 · 30 分钟内", "P2 · within 30 min"),
    "severity_P3": Text("P3 · 当日处理", "P3 · same day"),
    "severity_P4": Text("P4 · 汇总", "P4 · digest"),
    "alert_firing": Text("未恢复", "open"),
    "alert_keeping": Text("刚恢复，观察中", "over, but perhaps not for good"),
    "alert_ended": Text("已恢复", "over"),
    # The story of one
    "story": Text("经过", "Story"),
    "story_place": Text("地点", "Place"),
    "story_rule": Text("规则", "Rule"),
    "story_details": Text("详情", "Details"),
    "story_began": Text("问题开始", "It began"),
    "story_began_late": Text(
        "问题开始（当时失联，后来才得知）", "It began (while nobody could be told)"
    ),
    "story_fired": Text("成为告警", "It became an alert"),
    "story_ended": Text("问题恢复", "It was over"),
    "story_hidden": Text(
        "不单独通知：另一条告警（{rule}）已经说明原因",
        "Nobody is told of this one: another alert ({rule}) says it all",
    ),
    "story_muted_calendar": Text(
        "现在不通知：等到上课时间，那时仍未恢复才通知",
        "Nobody is told now: it waits for lessons, and is told then if it still lasts",
    ),
    "story_muted_silence": Text(
        "现在不通知：已静默（第 {name} 条静默）", "Silenced (silence {name})"
    ),
    "story_muted_maintenance": Text("现在不通知：维护中（{name}）", "In maintenance ({name})"),
    "story_waits": Text("等待写入下一次汇总", "Waits for the next summary"),
    "told_FIRST": Text("通知开始", "Told that it began"),
    "told_NEW_ALERTS": Text("在汇总中通知开始", "Told in a summary that it began"),
    "told_SOME_RESOLVED": Text("在汇总中通知恢复", "Told in a summary that it is over"),
    "told_ALL_RESOLVED": Text("通知恢复", "Told that it is over"),
    "told_REPEAT": Text("再次提醒", "Reminded"),
    "channel_console": Text("监测中心日志", "the collector's log"),
    "channel_other": Text("渠道 {name}", "channel {name}"),
    "delivery_queued": Text("等待发送", "waits to be sent"),
    "delivery_sending": Text("正在发送", "being sent"),
    "delivery_delivered": Text("已送达 {time}", "delivered {time}"),
    "delivery_undeliverable": Text("无法送达", "undeliverable"),
    "delivery_tries": Text("第 {n} 次尝试", "try {n}"),
    "delivery_error": Text("原因：{error}", "because: {error}"),
    "delivery_repeat": Text("对方可能收到两次", "the receiver may have it twice"),
    "detail_value": Text("数值", "Value"),
    "detail_cause": Text("原因", "Cause"),
    "detail_count": Text("学校数", "Schools"),
    "detail_category": Text("分类", "Category"),
    "detail_grade": Text("建议定级", "Proposed grade"),
    "detail_schools": Text("涉及学校", "Which schools"),
    "detail_offset_ms": Text("时钟偏差（毫秒）", "Clock offset (ms)"),
    "detail_reason": Text("原因", "Reason"),
    "detail_verdict": Text("探测结论", "What the probe found"),
    "detail_http_response_code": Text("服务器状态码", "Status of the answer"),
    "detail_response_time": Text("应答用时（秒）", "Time to the answer (s)"),
    "detail_days_left": Text("剩余天数", "Days left"),
    "detail_room": Text("教室", "Room"),
    "detail_device": Text("设备编号", "Device"),
    "detail_kind": Text("设备类型", "Kind of device"),
    "detail_device_cause": Text("设备原因", "Why it is not well"),
    "detail_name": Text("设备名称", "Name of the device"),
    "detail_resolve_ms": Text("解析用时（毫秒）", "Resolving (ms)"),
    "detail_connect_ms": Text("连接用时（毫秒）", "Connecting (ms)"),
    "detail_tls_ms": Text("TLS 握手用时（毫秒）", "TLS handshake (ms)"),
    "detail_first_byte_ms": Text("等待应答用时（毫秒）", "Waiting for the answer (ms)"),
    "detail_total_ms": Text("总用时（毫秒）", "All of it (ms)"),
    "told_nobody": Text("没有通知任何人", "Nobody was told."),
}
