"""Calls that came in as sentences, in Mandarin and English."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.model import Language
from dialer.inbound.model import InboundResult
from dialer.inbound.tables import InboundRow

_ZH, _EN = Language.MANDARIN, Language.ENGLISH
_RANG = {_ZH: "客户来电：{came_to}。", _EN: "They rang us: {came_to}."}
_CAME_TO = {
    InboundResult.TOLD: {_ZH: "已说明去电事由", _EN: "told why we had rung"},
    InboundResult.PUT_THROUGH: {_ZH: "已转人工", _EN: "put through to an agent"},
    InboundResult.WISH: {_ZH: "请我们回电", _EN: "asked to be rung back"},
    InboundResult.WORD: {_ZH: "留了言", _EN: "left a message"},
    InboundResult.OPTED_OUT: {_ZH: "要求免打扰", _EN: "asked not to be called"},
    InboundResult.HUNG_UP: {_ZH: "中途挂断", _EN: "hung up"},
    InboundResult.MISSED: {_ZH: "未接上", _EN: "nobody served them"},
}
_UP = {_ZH: "正在通话", _EN: "the call is up"}


async def calls_of(
    session: AsyncSession,
    person_id: int,
    *,
    period: tuple[datetime, datetime] | None,
    language: Language,
) -> list[dict[str, Any]]:
    """Return when a person rang us and what it came to, oldest first; None: at any time."""
    query = sa.select(InboundRow.call_id, InboundRow.at, InboundRow.result).where(
        InboundRow.person_id == person_id
    )
    if period is not None:
        query = query.where(InboundRow.at >= period[0], InboundRow.at < period[1])
    rows = await session.execute(query.order_by(InboundRow.at, InboundRow.call_id))
    return [
        {
            "at": row.at,
            "kind": "inbound_call",
            "call_id": str(row.call_id),
            "result": row.result,
            "sentence": inbound_sentence(row.result, language),
        }
        for row in rows
    ]


def inbound_sentence(result: InboundResult | None, language: Language) -> str:
    """Say what a call that came in came to; None: it is up."""
    came_to = _UP[language] if result is None else _CAME_TO[result][language]
    return _RANG[language].format(came_to=came_to)
