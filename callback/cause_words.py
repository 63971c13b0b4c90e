"""Why a due call was settled, or its reason is gone, for people, in Mandarin and English."""

from customers.model import Language

ZH, EN = Language.MANDARIN, Language.ENGLISH

# By the words that the lists and the outcomes keep.
CAUSES = {
    "paid": {ZH: "已缴清", EN: "it was paid"},
    "disputed": {ZH: "客户有异议，转人工处理", EN: "it is disputed; an agent has it"},
    "deceased": {ZH: "客户已去世", EN: "the person has died"},
    "not_liable": {ZH: "该费用不再由此人承担", EN: "somebody else owes it"},
    "promise_open": {ZH: "客户已承诺缴款", EN: "a promise to pay is open"},
    "extension": {ZH: "延期付款申请在办或已批准", EN: "a payment extension was asked for or runs"},
    "appointment": {ZH: "已约定时间回电", EN: "a call is agreed for another time"},
    "not_due": {ZH: "尚未到提醒时间", EN: "its day has not come"},
    "superseded": {ZH: "由更高一级提醒取代", EN: "another step took its place"},
    "reopened": {ZH: "报修单已重新打开", EN: "the work order was reopened"},
    "nobody_there": {ZH: "房屋没有登记联系人", EN: "nobody is on file at the unit"},
    "moved_out": {ZH: "客户已搬离", EN: "the person moved out"},
    "answered": {ZH: "已答复", EN: "it was answered"},
    "survey_closed": {ZH: "调查已结束", EN: "the survey has closed"},
    "list_ended": {ZH: "名单已结束", EN: "the list was ended"},
    "list_over": {ZH: "名单已过截止日", EN: "the list's last day has passed"},
    "row_withdrawn": {ZH: "该行已从名单中撤下", EN: "the row was taken out of the list"},
    "spoken_to": {ZH: "已与客户通话", EN: "somebody has spoken with them since"},
    "replied": {ZH: "投诉已答复", EN: "the complaint was answered"},
    "closed": {ZH: "投诉已办结", EN: "the complaint was closed"},
    "cancelled": {ZH: "已取消", EN: "it was cancelled"},
    "promise_to_pay": {ZH: "承诺缴款", EN: "promised to pay"},
    "already_paid": {ZH: "客户称已缴款", EN: "says it is paid"},
    "dispute": {ZH: "客户提出异议", EN: "disputes it"},
    "extension_requested": {ZH: "申请延期付款", EN: "asked for more time"},
    "satisfied": {ZH: "满意", EN: "satisfied"},
    "dissatisfied": {ZH: "不满意", EN: "dissatisfied"},
    "survey_complete": {ZH: "调查完成", EN: "survey complete"},
    "survey_partial": {ZH: "调查部分完成", EN: "survey answered in part"},
    "callback_requested": {ZH: "要求另约时间", EN: "asked to be called another time"},
    "message_left": {ZH: "已留言", EN: "message left"},
    "information_given": {ZH: "已告知", EN: "told what there was to tell"},
    "wrong_number": {ZH: "号码有误", EN: "wrong number"},
    "not_the_owner": {ZH: "接听者不是本人", EN: "somebody else answered"},
    "refused": {ZH: "拒绝通话", EN: "refused to talk"},
    "opted_out": {ZH: "要求免打扰", EN: "asked not to be called"},
    "hung_up": {ZH: "中途挂断", EN: "hung up"},
    "no_reply": {ZH: "接听后无回应", EN: "no reply to the questions"},
    "transferred": {ZH: "已转人工", EN: "handed to an agent"},
    "machine": {ZH: "答录机接听", EN: "a machine answered"},
    "busy": {ZH: "占线", EN: "busy"},
    "no_answer": {ZH: "无人接听", EN: "no answer"},
    "rejected": {ZH: "被拒接", EN: "rejected"},
    "invalid_number": {ZH: "空号或停机", EN: "invalid number"},
    "congestion": {ZH: "网络拥塞", EN: "network congestion"},
    "carrier_error": {ZH: "线路故障", EN: "carrier error"},
    "abandoned": {ZH: "接通后无人应答", EN: "abandoned"},
    "lost": {ZH: "线路未回报结果", EN: "the carrier never said how it ended"},
}

# A cause with a word before it: `max_attempts:busy`.
PREFIXES = {
    "max_attempts": {ZH: "已达次数上限，最后一次{cause}", EN: "as often as allowed; last: {cause}"},
    "tries": {ZH: "多次{cause}", EN: "too often: {cause}"},
}
