"""What a rule, a state and a reason are called for people, in Mandarin and English.

A sentence takes its facts by name; which facts a rule has stands where the rule is asked.
"""

from callback.model import Decision, DueCallState
from callback.rules import Layer, Rule
from customers.model import CallMode, Language, Purpose, Reason

ZH, EN = Language.MANDARIN, Language.ENGLISH

DECISIONS = {
    Decision.ALLOW: {ZH: "可以呼叫：", EN: "May be called: "},
    Decision.DENY: {ZH: "不得呼叫：", EN: "Must not be called: "},
    Decision.DEFER: {ZH: "暂缓呼叫：", EN: "Not to be called yet: "},
}

LAYERS = {
    Layer.SYSTEM: {ZH: "系统", EN: "the system"},
    Layer.LAW: {ZH: "法律", EN: "the law"},
    Layer.OWNER: {ZH: "业主意愿", EN: "the owner's wish"},
    Layer.HOUSE: {ZH: "公司默认规定", EN: "the house's default"},
}

RULES = {
    Rule.NOT_RECONCILED: {
        ZH: "数据刚从备份恢复，尚未与运营商核对备份之后的通话（ownerline reconcile），"
        "核对之前不呼叫",
        EN: "the database came out of a backup, and the carrier was not yet asked what was rung "
        "since (`ownerline reconcile`)",
    },
    Rule.STOPPED: {
        ZH: "全部外呼已被停止，恢复后才会继续",
        EN: "all dialling was stopped; it goes on after `ownerline resume`",
    },
    Rule.CEILING_REACHED: {
        ZH: "今天的话费已达上限（已用{spent}，上限{ceiling}）",
        EN: "what may be spent on calls today is spent ({spent} of {ceiling})",
    },
    Rule.CAMPAIGN_PAUSED: {
        ZH: "该外呼任务已暂停，恢复后才会继续",
        EN: "the campaign is paused; it goes on when somebody resumes it",
    },
    Rule.SYNTHETIC_ON_REAL_BRIDGE: {
        ZH: "这是演示或测试用的虚构客户，真实线路不会呼叫",
        EN: "this person was made up for a demo or a test, and real bridges ring no such people",
    },
    Rule.REASON_GONE: {
        ZH: "呼叫的理由已不存在（{reason_gone}）",
        EN: "the reason for the call is gone ({reason_gone})",
    },
    Rule.DECEASED: {
        ZH: "档案记载该客户已去世，须由人工处理",
        EN: "the file says that the person has died; it is an agent's task now",
    },
    Rule.DISPUTED: {
        ZH: "客户对此有异议，自动呼叫已停止，须由人工处理",
        EN: "the matter is disputed; automatic calls have stopped and an agent takes over",
    },
    Rule.OPTED_OUT: {
        ZH: "客户自{since}起要求免打扰",
        EN: "the person asked on {since} not to be called",
    },
    Rule.OPTED_OUT_OF_PURPOSE: {
        ZH: "客户自{since}起拒绝接听{purpose}电话",
        EN: "the person asked on {since} not to be called for {purpose}",
    },
    Rule.OPTED_OUT_OF_REASON: {
        ZH: "客户自{since}起拒绝接听关于“{reason}”的电话",
        EN: "the person asked on {since} not to be called about {reason}",
    },
    Rule.NO_USABLE_PHONE: {
        ZH: "档案中没有可用的电话号码",
        EN: "no usable phone number is on file",
    },
    Rule.NOT_BEFORE: {
        ZH: "尚未到约定或计划的呼叫时间",
        EN: "the time it is due or was agreed for has not come",
    },
    Rule.LIVE_CALL: {
        ZH: "此人或该号码正在另一通电话中",
        EN: "another call to the person or to the number is up at this moment",
    },
    Rule.NO_AGENT: {
        ZH: "这是人工呼叫，尚无客服人员接手",
        EN: "it is an agent's call, and no agent has taken it up yet",
    },
    Rule.RETRY_INTERVAL: {
        ZH: "上次呼叫之后的重拨间隔尚未结束",
        EN: "the interval after the last attempt has not ended",
    },
    Rule.EMERGENCY_NUMBER: {
        ZH: "这是紧急号码，任何情况下都不呼叫",
        EN: "this is an emergency number, which is never rung",
    },
    Rule.SHORT_NUMBER: {
        ZH: "这是短号码，任何情况下都不呼叫",
        EN: "this is a short number, which is never rung",
    },
    Rule.INVALID_NUMBER: {
        ZH: "这不是有效的电话号码",
        EN: "this is no valid phone number",
    },
    Rule.SATELLITE_NUMBER: {
        ZH: "这是卫星电话号码，任何情况下都不呼叫",
        EN: "this is a satellite number, which is never rung",
    },
    Rule.PREMIUM_NUMBER: {
        ZH: "这是高额付费号码，任何情况下都不呼叫",
        EN: "this is a premium-rate number, which is never rung",
    },
    Rule.SHARED_COST_NUMBER: {
        ZH: "这是分摊付费号码（如400号码），任何情况下都不呼叫",
        EN: "this is a shared-cost number, which is never rung",
    },
    Rule.OUTSIDE_DESTINATIONS: {
        ZH: "号码不在允许呼叫的地区之内（{destinations}）",
        EN: "the number lies outside the destinations that may be rung ({destinations})",
    },
    Rule.NOT_ARMED: {
        ZH: "系统尚未启用真实呼叫（ownerline arm），目前只呼叫测试号码",
        EN: "this installation is not armed (`ownerline arm`); until then only test numbers ring",
    },
    Rule.REHEARSAL_ONLY_TEST_NUMBERS: {
        ZH: "演练规则只允许呼叫测试号码",
        EN: "under the rehearsal pack only test numbers ring",
    },
    Rule.NO_PACK: {
        ZH: "没有适用于该号码所在国家或地区（{region}）的规则包，规则不明则不呼叫",
        EN: "no rule pack is known for the number's country ({region}); unknown rules ring nobody",
    },
    Rule.UNKNOWN_ZONE: {
        ZH: "房屋或号码所在时区不明，时区不明则不呼叫",
        EN: "the time zone of the unit or of the number is unknown, and unknown zones ring nobody",
    },
    Rule.NATIONAL_LIST: {
        ZH: "号码在国家谢绝来电名单上",
        EN: "the number is on the national do-not-call list",
    },
    Rule.NOT_SCREENED: {
        ZH: "号码尚未与国家谢绝来电名单核对",
        EN: "the number was not screened against the national do-not-call list",
    },
    Rule.CONSENT_WITHDRAWN: {
        ZH: "客户已于{given_at}撤回对{mode}{purpose}电话的同意",
        EN: "consent to {mode} calls for {purpose} was withdrawn on {given_at}",
    },
    Rule.CONSENT_EXPIRED: {
        ZH: "客户对{mode}{purpose}电话的同意已于{ended_at}到期",
        EN: "consent to {mode} calls for {purpose} ended on {ended_at}",
    },
    Rule.CONSENT_UNKNOWN: {
        ZH: "没有客户同意接听{mode}{purpose}电话的记录",
        EN: "no consent to {mode} calls for {purpose} is on file",
    },
    Rule.NO_LAWFUL_HOUR: {
        ZH: "未来{days}天内没有各方规定都允许的呼叫时间",
        EN: "within {days} days there is no hour that every rule allows",
    },
    Rule.LAW_HOURS: {
        ZH: "当时{zone}为{local_time}，允许的时间是{open}",
        EN: "it was {local_time} in {zone}, and calls are lawful there {open}",
    },
    Rule.SILENCE: {
        ZH: "{conversation_at}刚与客户通过话，规定此后一段时间内不再呼叫",
        EN: "there was a conversation on {conversation_at}, and a silence follows it",
    },
    Rule.ABANDONED_SILENCE: {
        ZH: "该号码{abandoned_at}接听后无人应答，{hours}小时内没有坐席等候不得再呼",
        EN: "a call to this number was abandoned on {abandoned_at}; for {hours} hours only "
        "a waiting agent may ring it",
    },
    Rule.ATTEMPT_CAP: {
        ZH: "{window_hours}小时内已{per}呼叫{attempts}次，上限为{allowed}次",
        EN: "{attempts} attempts {per} within {window_hours} hours, and {allowed} are allowed",
    },
    Rule.REST_HOURS: {
        ZH: "当时{zone}为{local_time}，是业主的休息时间（可呼叫：{open}）",
        EN: "it was {local_time} in {zone}, inside the rest hours (calls fit {open})",
    },
    Rule.HOLIDAY: {
        ZH: "当时{zone}为{local_time}，是公众假日（{holiday}）",
        EN: "it was {local_time} in {zone}, a public holiday ({holiday})",
    },
    Rule.HOUSE_HOURS: {
        ZH: "当时{zone}为{local_time}，公司呼叫时间是{open}",
        EN: "it was {local_time} in {zone}, and the house calls there {open}",
    },
    Rule.CAMPAIGN_HOURS: {
        ZH: "当时{zone}为{local_time}，该外呼任务的时间是{open}",
        EN: "it was {local_time} in {zone}, and this campaign calls there {open}",
    },
    Rule.EXTENSION_RUNNING: {
        ZH: "已批准的延期付款尚未到期",
        EN: "an approved payment extension is running",
    },
    Rule.MINIMUM_GAP: {
        ZH: "{last_attempt_at}刚呼叫过，两次呼叫至少间隔{minutes}分钟",
        EN: "the last attempt was at {last_attempt_at}, and {minutes} minutes lie between two",
    },
    Rule.APPOINTMENT: {
        ZH: "这是业主自己约定的时间，优先于公司默认规定和休息时间",
        EN: "the owner named this time, which wins over rest hours and the house's defaults",
    },
    Rule.ALLOWED: {
        ZH: "当时所有规则都允许",
        EN: "every rule allowed it at that moment",
    },
}

UNTIL = {ZH: "；{until}之前不呼叫", EN: "; not before {until}"}
BASIS = {
    ZH: "（规则包 {pack} {version}{layer}{source}）",
    EN: " (pack {pack} {version}{layer}{source})",
}
END_OF_DAY = {ZH: "{day}结束", EN: "the end of {day}"}
AND = {ZH: "、", EN: ", "}  # between the parts of a list
NEVER = {ZH: "当天全天不可", EN: "at no time that day"}

PER = {
    "person": {ZH: "对该客户", EN: "to this person"},
    "debt": {ZH: "就同一笔费用", EN: "about the same debt"},
}

REASONS = {
    Reason.OVERDUE: {ZH: "逾期费用提醒", EN: "overdue charges"},
    Reason.REPAIR: {ZH: "维修回访", EN: "a finished repair"},
    Reason.SURVEY: {ZH: "满意度调查", EN: "a survey"},
    Reason.PROMISED: {ZH: "约定回电", EN: "a promised callback"},
    Reason.UPLOADED: {ZH: "导入名单", EN: "an uploaded list"},
    Reason.COMPLAINT: {ZH: "投诉答复", EN: "a complaint"},
    Reason.ENQUIRY: {ZH: "咨询回复", EN: "an enquiry"},
    Reason.NOTICE: {ZH: "通知", EN: "a notice"},
    Reason.FOLLOWUP: {ZH: "定期回访", EN: "a regular follow-up"},
    Reason.GREETING: {ZH: "问候", EN: "a greeting"},
    Reason.PROSPECT: {ZH: "邀约", EN: "an invitation"},
    Reason.MISSED_CALL: {ZH: "未接来电回拨", EN: "a missed call"},
}

PURPOSES = {
    Purpose.DEBT: {ZH: "催缴", EN: "debts"},
    Purpose.SERVICE: {ZH: "服务", EN: "service"},
    Purpose.SURVEY: {ZH: "调查", EN: "surveys"},
    Purpose.MARKETING: {ZH: "推广", EN: "marketing"},
}

MODES = {
    CallMode.AGENT: {ZH: "人工", EN: "agents'"},
    CallMode.AUTOMATIC: {ZH: "自动", EN: "automatic"},
}

# Of a waiting call that a rule forbids until the file changes.
REFUSED = {
    ZH: "{reason}：不得呼叫，每天重新核对一次（下次{next_at}），"
    "应在{due_by}之前完成，已呼叫{attempts}次",
    EN: "{reason}: must not be called as the file stands, looked at again from {next_at}, "
    "due by {due_by}, attempts so far: {attempts}",
}
STATES = {
    DueCallState.WAITING: {
        ZH: "{reason}：待呼叫，最早{next_at}，须在{due_by}之前完成，已呼叫{attempts}次",
        EN: "{reason}: waiting, next try from {next_at}, due by {due_by}, "
        "attempts so far: {attempts}",
    },
    DueCallState.CLAIMED: {
        ZH: "{reason}：正在呼叫，须在{due_by}之前完成，此前已呼叫{attempts}次",
        EN: "{reason}: being called at this moment, due by {due_by}, attempts before: {attempts}",
    },
    DueCallState.DONE: {
        ZH: "{reason}：已于{settled_at}完成（{because}），共呼叫{attempts}次",
        EN: "{reason}: done on {settled_at} ({because}); attempts: {attempts}",
    },
    DueCallState.EXHAUSTED: {
        ZH: "{reason}：已于{settled_at}停止呼叫，{attempts}次均未接通（{because}）",
        EN: "{reason}: given up on {settled_at} ({because}); attempts: {attempts}",
    },
    DueCallState.WITHDRAWN: {
        ZH: "{reason}：已于{settled_at}撤销，理由不再成立（{because}）",
        EN: "{reason}: withdrawn on {settled_at} because its reason has gone ({because})",
    },
    DueCallState.EXPIRED: {
        ZH: "{reason}：已于{settled_at}过期，未能在{due_by}之前完成（{because}）",
        EN: "{reason}: expired on {settled_at}, not reached by {due_by} ({because})",
    },
}

LATE = {ZH: "，已超过期限", EN: ", past its deadline"}
