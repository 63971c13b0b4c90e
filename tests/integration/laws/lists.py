"""Uploaded lists in the state machine: they come, run, pause and end between all the rest."""

import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded import NewList, create_draft, end, start
from callback.uploaded_model import UploadedListError
from dialer.lists import pause_list, resume_list
from tests.integration.laws.house import PHONES, STRANGERS
from tests.integration.laws.machine import Machine, one, which

_BY = "test"
_SCRIPT = """
name: meters
version: 1
purpose: service
title: {zh-CN: "抄表", en: "Meter reading"}
include: [opening, callback]
queue: service
identity: light
machine: hang_up
withdrawn:
  end: information_given
  say: {zh-CN: "抄表已经完成，谢谢。", en: "The meters have been read in the meantime."}
section: meters_say
steps:
  meters_say:
    ask: key
    say: {zh-CN: "知道请按1；改时间请按2。", en: "If you know, press 1. For another time, press 2."}
    agent_says: {zh-CN: "您知道吗？", en: "Do you know?"}
    answers:
      "1": {means: {zh-CN: "知道", en: "Known"}, next: meters_end}
      "2": {means: {zh-CN: "改时间", en: "Another time"}, next: callback_day}
    give_up: meters_end
  meters_end:
    end: information_given
    say: {zh-CN: "谢谢。", en: "Thank you."}
"""


class ListsComeAndGo(Machine):
    """Rules about uploaded lists."""

    @rule(people=st.lists(st.integers(0, 6), min_size=1, max_size=4), starts=st.booleans())
    def a_list_is_uploaded(self, people: list[int], starts: bool) -> None:
        """Some of its phones are known, some belong to nobody yet."""
        phones = [number for numbers in PHONES for number in numbers[:1]]
        phones += STRANGERS
        world = self.world
        rows = [f"Guest {number},{one(phones, number)}" for number in people]

        async def upload(session: AsyncSession) -> None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "list.csv"
                path.write_text("\n".join(["姓名,电话", *rows]), encoding="utf-8")
                list_id = await create_draft(
                    session,
                    path=path,
                    new=NewList(
                        name=f"L-{world.number()}",
                        community="Garden",
                        script="meters.yaml",
                        own_script=_SCRIPT,
                    ),
                    campaigns=world.desk.campaigns,
                    library=self.library,
                    by=_BY,
                    now=world.now,
                )
            world.list_ids.append(list_id)

        self.write(upload)
        if starts:
            self.a_list_is_turned(len(world.list_ids) - 1, "start")

    @precondition(lambda self: self.world.list_ids)
    @rule(which_list=which, turn=st.sampled_from(["start", "pause", "resume", "end"]))
    def a_list_is_turned(self, which_list: int, turn: str) -> None:
        """What cannot be done with it now is refused, and changes nothing."""
        list_id, now = one(self.world.list_ids, which_list), self.world.now

        async def work(session: AsyncSession) -> None:
            if turn == "start":
                await start(session, list_id=list_id, library=self.library, by=_BY, now=now)
            elif turn == "end":
                await end(session, list_id=list_id, by=_BY, now=now)
            elif turn == "pause":
                await pause_list(session, list_id=list_id, by=_BY, now=now)
            else:
                await resume_list(session, list_id=list_id, by=_BY, now=now)

        try:
            self.write(work)
        except UploadedListError:
            return
        for dialer in self.world.dialers:
            self.run(dialer.engine.accounts_changed())
