"""What is said of uploaded lists to people, in Mandarin and English."""

from customers.model import Language

ZH, EN = Language.MANDARIN, Language.ENGLISH

STATES = {
    "draft": {ZH: "草稿", EN: "draft"},
    "started": {ZH: "进行中", EN: "started"},
    "paused": {ZH: "已暂停", EN: "paused"},
    "ended": {ZH: "已结束", EN: "ended"},
}
MATCHES = {
    "phone": {ZH: "按号码找到", EN: "found by phone"},
    "unit": {ZH: "按房号找到", EN: "found by unit"},
    "new": {ZH: "新客户", EN: "new people"},
}
REFUSALS = {
    "no_phone": {ZH: "没有电话号码", EN: "no phone number"},
    "emergency_number": {ZH: "紧急号码，从不呼叫", EN: "an emergency number, never rung"},
    "short_number": {ZH: "短号码，从不呼叫", EN: "a short number, never rung"},
    "invalid_number": {ZH: "不是有效号码", EN: "no valid number"},
    "satellite_number": {ZH: "卫星号码，从不呼叫", EN: "a satellite number, never rung"},
    "premium_number": {ZH: "高额付费号码，从不呼叫", EN: "a premium number, never rung"},
    "shared_cost_number": {ZH: "分摊付费号码，从不呼叫", EN: "a shared-cost number, never rung"},
    "other_community": {ZH: "属于别的小区", EN: "of another community"},
    "asked_not_to": {ZH: "名单中注明免打扰", EN: "the list says not to call"},
    "missing_variable": {ZH: "缺少话术要用的内容", EN: "lacks what the script speaks of"},
    "bad_variable": {ZH: "内容无法识别", EN: "holds what cannot be read"},
    "duplicate": {ZH: "号码在名单中重复", EN: "the number stood in an earlier row"},
    "unknown_unit": {ZH: "客户档案中没有这个房号", EN: "no such unit on file"},
    "nobody_there": {ZH: "该房号没有此人", EN: "no such person at the unit"},
    "no_name": {ZH: "新客户没有姓名", EN: "somebody new without a name"},
    "no_unit": {ZH: "话术要用房号而此人没有", EN: "the script names the unit and there is none"},
    "same_person": {ZH: "同一客户已在名单中", EN: "the person stood in an earlier row"},
    "deceased": {ZH: "客户已去世", EN: "the person has died"},
    "opted_out": {ZH: "客户要求免打扰", EN: "asked not to be called"},
}
DECISIONS = {
    "allow": {ZH: "现在可以呼叫", EN: "may be called now"},
    "defer": {ZH: "现在暂缓", EN: "to be called later"},
    "deny": {ZH: "按规则不得呼叫", EN: "must not be called as things stand"},
}
TAKEN_FOR = {
    "phone": {ZH: "电话", EN: "phone"},
    "name": {ZH: "姓名", EN: "name"},
    "unit": {ZH: "房号", EN: "unit"},
    "community": {ZH: "小区", EN: "community"},
    "honorific": {ZH: "称呼", EN: "honorific"},
    "language": {ZH: "语言", EN: "language"},
    "do_not_call": {ZH: "免打扰", EN: "do not call"},
    "ignored": {ZH: "不读取", EN: "not read"},
}
VARIABLE = {ZH: "话术变量 {name}", EN: "variable {name} of the script"}
GUESSED = {ZH: "（自动识别）", EN: " (guessed)"}
LINES = {
    "list": {
        ZH: "名单“{name}”（{state}）：{community}，话术 {script}，{mode}外呼，用途：{purpose}",
        EN: "list {name} ({state}): {community}, script {script}, {mode} calls for {purpose}",
    },
    "columns": {ZH: "各列的含义：", EN: "its columns are taken for:"},
    "note": {ZH: "注意：{note}", EN: "note: {note}"},
    "rows": {
        ZH: "共 {rows} 行：可呼叫 {callable}，不呼叫 {refused}",
        EN: "{rows} rows: {callable} to be called, {refused} refused",
    },
    "refused": {ZH: "不呼叫的原因：", EN: "refused because:"},
    "judged": {
        ZH: "若现在开始（{judged} 行已按规则核对）：",
        EN: "started now, the rules would say ({judged} rows judged):",
    },
    "sample": {ZH: "第 {row} 行，{name}：", EN: "row {row}, {name}:"},
    "calls": {ZH: "呼叫：{counts}", EN: "calls: {counts}"},
    "outcomes": {ZH: "结果：{counts}", EN: "outcomes: {counts}"},
    "start_it": {
        ZH: "尚未开始；确认无误后运行：ownerline lists start {name}",
        EN: "nothing is called yet; when it is right, say: ownerline lists start {name}",
    },
    "started": {ZH: "已开始：生成 {made} 个待呼任务", EN: "started: {made} calls are due"},
    "started_before": {ZH: "此前已开始，没有变化", EN: "it was started before; nothing changed"},
    "paused": {ZH: "已暂停", EN: "paused: none of its calls is placed until it is resumed"},
    "paused_before": {ZH: "此前已暂停", EN: "it was paused before"},
    "resumed": {ZH: "已恢复", EN: "resumed: its calls go on"},
    "resumed_before": {ZH: "没有暂停，无需恢复", EN: "it was not paused"},
    "ended": {
        ZH: "已结束：撤销 {withdrawn} 个待呼任务",
        EN: "ended: {withdrawn} waiting calls were withdrawn",
    },
    "none": {ZH: "还没有名单", EN: "there are no lists yet"},
    "one": {
        ZH: "{name}：{state}，{rows} 行，{counts}",
        EN: "{name}: {state}, {rows} rows, {counts}",
    },
    "no_calls": {ZH: "没有待呼任务", EN: "no calls"},
}
CALL_STATES = {
    "waiting": {ZH: "待呼叫", EN: "waiting"},
    "claimed": {ZH: "呼叫中", EN: "being called"},
    "done": {ZH: "已完成", EN: "done"},
    "exhausted": {ZH: "未接通而停止", EN: "given up"},
    "withdrawn": {ZH: "已撤销", EN: "withdrawn"},
    "expired": {ZH: "已过期", EN: "expired"},
}
