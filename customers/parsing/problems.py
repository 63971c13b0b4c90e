"""What can be wrong with a cell or a row, told in Chinese and in English with the mend."""

from enum import StrEnum

from core.errors import OwnerlineError
from customers.model import Language


class Problem(StrEnum):
    """Why a row was rejected, or what of it was left out."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NO_AMOUNT = "no_amount"
    NEGATIVE_AMOUNT = "negative_amount"
    OTHER_CURRENCY = "other_currency"
    NO_DATE = "no_date"
    UNKNOWN_UNIT = "unknown_unit"
    UNKNOWN_CHARGE = "unknown_charge"
    AMBIGUOUS_CHARGE = "ambiguous_charge"
    SECOND_OWNER = "second_owner"
    COMPLETED_BEFORE_REPORTED = "completed_before_reported"
    NO_PHONE = "no_phone"
    NO_YES_OR_NO = "no_yes_or_no"
    NO_LANGUAGE = "no_language"
    NO_IDENTITY_DIGITS = "no_identity_digits"
    OPT_OUT_IN_A_REPEAT = "opt_out_in_a_repeat"
    PAID_TAKEN_BACK = "paid_taken_back"
    WAIVER_KEPT = "waiver_kept"


_TEXTS = {
    Problem.MISSING: (
        "必填项为空，请补填",
        "it is needed and blank; fill it in",
    ),
    Problem.TOO_LONG: (
        "内容过长，请缩短到 200 字以内",
        "the text is too long; shorten it to 200 characters",
    ),
    Problem.NO_AMOUNT: (
        "不是金额，请写成 1234.50",
        "this is no amount; write it as 1234.50",
    ),
    Problem.NEGATIVE_AMOUNT: (
        "金额小于零，应收与已收请写成正数",
        "the amount is below zero; write what is owed or paid as a positive amount",
    ),
    Problem.OTHER_CURRENCY: (
        "币种与小区不符，请换算成小区的币种",
        "the amount is in another currency than its community's; convert it",
    ),
    Problem.NO_DATE: (
        "不是日期，请写成 2026-03-05",
        "this is no date; write it as 2026-03-05",
    ),
    Problem.UNKNOWN_UNIT: (
        "客户档案中没有这个房号，请先导入该小区的业主档案",
        "the customer file has no such unit; import the community's contacts first",
    ),
    Problem.UNKNOWN_CHARGE: (
        "没有这个账单号，请先导入应收明细",
        "there is no charge with this reference; import the charges first",
    ),
    Problem.AMBIGUOUS_CHARGE: (
        "多个小区有同一账单号，请增加“小区”一列",
        "several communities have a charge with this reference; add a community column",
    ),
    Problem.SECOND_OWNER: (
        "同一文件中该房号已有另一位业主，共有人请将身份写成“其他”",
        "the file already names another owner of this unit; give co-owners the role other",
    ),
    Problem.COMPLETED_BEFORE_REPORTED: (
        "完工日期早于报修日期，请核对两个日期",
        "completed before it was reported; check both dates",
    ),
    Problem.NO_PHONE: (
        "不是可拨打的电话号码，已忽略",
        "this is no phone number that could be rung; left out",
    ),
    Problem.NO_YES_OR_NO: (
        "既不是“是”也不是“否”，已忽略",
        "this is neither yes nor no; left out",
    ),
    Problem.NO_LANGUAGE: (
        "没有这种语言，已忽略；可写 zh-CN 或 en",
        "we speak no such language; left out; write zh-CN or en",
    ),
    Problem.NO_IDENTITY_DIGITS: (
        "不是 4 至 8 位数字，已忽略",
        "these are not 4 to 8 digits; left out",
    ),
    Problem.OPT_OUT_IN_A_REPEAT: (
        "重复行写有免打扰而首行没有，以首行为准；如需免打扰请改首行",
        "a repeated row asks for no calls and the first does not; the first counts: mend that one",
    ),
    Problem.PAID_TAKEN_BACK: (
        "此文件以前导入过，已收金额低于现有记录，未作冲减",
        "this file was imported before; its lower paid amount takes no payment back",
    ),
    Problem.WAIVER_KEPT: (
        "这笔已批准减免，文件中仍是减免前的金额，已按减免保留；请在财务系统中登记减免",
        "some of it was waived and the file still has it; the waiver is kept: book it with finance",
    ),
}


class CellError(OwnerlineError):
    """The cell cannot be read as what its column holds."""

    def __init__(self, problem: Problem, text: str) -> None:
        super().__init__(f"{text!r}: {explain(problem, Language.ENGLISH)}")
        self.problem = problem


def explain(problem: Problem, language: Language) -> str:
    """Say what is wrong and how to mend it, in one of the two languages."""
    chinese, english = _TEXTS[problem]
    return chinese if language is Language.MANDARIN else english
