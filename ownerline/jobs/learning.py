"""The nightly job that learns from the attempts at which hours owners answer."""

import structlog

from dialer.answer_chance import learn_answer_chances
from ownerline.runtime import Runtime

log = structlog.get_logger(__name__)

LEARN_ANSWER_CHANCES = "answer_chance.learn"


async def learn(runtime: Runtime) -> None:
    """Learn the chance of an answer anew; a second time on one day changes nothing."""
    async with runtime.sessions.begin() as session:
        hours = await learn_answer_chances(session, now=runtime.clock.now())
    log.info("answer_chances_learned", hours=hours)
