"""What the invented households had done and were asked: repairs, wishes to be called, a survey."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from callback.campaigns import Campaigns
from callback.deadlines import SurveyRound, day_start, survey_round
from customers.account_tables import (
    Charge,
    ReworkNotice,
    Survey,
    SurveyAnswer,
    SurveyTarget,
    WorkOrder,
)
from customers.model import Reason, WorkOrderCategory
from customers.repairs import REWORK_NOTICE_WITHIN
from customers.tables import CallbackRequest, Person
from dialer.bridges.simulated.draws import stable_random, weighted
from ownerline.demo.households import Household
from ownerline.demo.rows import Rows

_FINISHED_SHARE = 0.075  # of households with a repair finished these days
_UNDER_WAY_SHARE = 0.02
_REWORKED_SHARE = 0.07  # of the finished: a second time, after a rework notice
_LATE_SHARE = 0.05  # of the finished: the callback's last day has passed already
_WARRANTY_SHARE = 0.4
_REQUEST_SHARE = 0.02
_EARLIER_SURVEY_SHARE = 0.2
_ANSWERED_SHARE = 0.6

_CATEGORIES = {
    WorkOrderCategory.SAFETY: 0.2,
    WorkOrderCategory.LEAK: 0.3,
    WorkOrderCategory.OTHER: 0.5,
}
_WORK = {
    WorkOrderCategory.SAFETY: ("电梯困人检修", "消防栓漏压", "门禁失灵", "燃气报警器检修"),
    WorkOrderCategory.LEAK: ("卫生间渗水", "厨房水管漏水", "外墙渗漏", "阳台漏水"),
    WorkOrderCategory.OTHER: ("门锁更换", "灯具维修", "窗户五金", "对讲机故障", "墙面修补"),
}
_CONTRACTORS = ("安居工程部", "宏达维修", "清泉管道", "新锐电梯", "万家五金")
_ABOUT = {Reason.OVERDUE: 0.5, Reason.REPAIR: 0.3, Reason.ENQUIRY: 0.2}
_CALL_TIMES = (time(9, 30), time(10), time(10, 30), time(11), time(12, 30), time(14), time(14, 30))
_LATER_TIMES = (time(15), time(16), time(16, 30), time(17, 30), time(18), time(19), time(20, 30))
_SCORES = {5: 4.0, 4: 4.0, 3: 2.0, 2: 0.7, 1: 0.5}
_QUESTIONS = ("staff", "cleanliness", "repairs", "overall")


class Records:
    """Makes the repairs, requests and surveys of one company; every draw comes from its seed."""

    def __init__(
        self, rows: Rows, campaigns: Campaigns, *, seed: int, day: date, now: datetime
    ) -> None:
        self._rows = rows
        self._campaigns = campaigns
        self._seed = seed
        self._day = day
        self._now = now

    def repair(self, households: Sequence[Household]) -> None:
        """Give some households a repair, finished or under way."""
        rng = stable_random(self._seed, "repairs")
        for home in households:
            draw = rng.random()
            if draw >= _FINISHED_SHARE + _UNDER_WAY_SHARE:
                continue
            category = weighted(rng, _CATEGORIES)
            term = self._campaigns.repair.days[category]
            late = rng.random() < _LATE_SHARE
            days_ago = term + 1 if late else rng.randint(0, term)
            finished = draw < _FINISHED_SHARE
            cycle = 2 if finished and rng.random() < _REWORKED_SHARE else 1
            completed_on = self._day - timedelta(days=days_ago)
            reported_on = completed_on - timedelta(days=rng.randint(1, 12) + 6 * (cycle - 1))
            before = completed_on - timedelta(days=5) if cycle > 1 else None
            work_order_id = self._rows.add(
                WorkOrder,
                community_id=home.community_id,
                unit_id=home.unit_id,
                reference=f"W{reported_on:%y%m}-{len(self._rows.of(WorkOrder)) + 1:05d}",
                category=category,
                category_as_given=category.value,
                reported_on=reported_on,
                completed_on=completed_on if finished else None,
                previous_completed_on=before,
                reopened_at=None,
                cycle=cycle,
                contractor=rng.choice(_CONTRACTORS),
                in_warranty=rng.random() < _WARRANTY_SHARE,
                description=rng.choice(_WORK[category]),
            )
            if before is not None:
                self._rework_notice(work_order_id, before, home.place.time_zone)

    def request_calls(self, households: Sequence[Household]) -> None:
        """Let some households have asked on the hotline yesterday to be called on the day."""
        rng = stable_random(self._seed, "requests")
        people = self._rows.of(Person)
        owing = {
            row["liable_person_id"]
            for row in self._rows.of(Charge)
            if row["amount_minor"] > row["paid_minor"]
        }
        asked: set[int] = set()
        for nth, home in enumerate(households):
            person_id = home.resident_id
            # Somebody has asked, in however small a company.
            wanted = nth == 0 or rng.random() < _REQUEST_SHARE
            if not wanted or person_id in asked or people[person_id - 1]["deceased_at"]:
                continue
            asked.add(person_id)
            about = weighted(rng, _ABOUT)
            if about is Reason.OVERDUE and person_id not in owing:
                about = Reason.ENQUIRY
            zone = ZoneInfo(home.place.time_zone)
            local_day = self._now.astimezone(zone).date()
            hour = rng.choice(_CALL_TIMES + _LATER_TIMES)
            call_at = datetime.combine(local_day, hour, zone)
            if call_at < self._now:
                call_at += timedelta(days=1)
            self._rows.add(
                CallbackRequest,
                person_id=person_id,
                community_id=home.community_id,
                unit_id=home.unit_id,
                asked_at=self._now - timedelta(hours=rng.randint(10, 20)),
                call_at=call_at,
                about=about,
                about_due_call_id=None,
                cancelled_at=None,
            )

    def survey_before(self, households: Sequence[Household]) -> None:
        """Let an earlier survey have been held, so that whom it drew rests for a year."""
        rng = stable_random(self._seed, "earlier survey")
        campaign = self._campaigns.survey
        this = self._round_of(self._day)
        earlier = self._round_of(this.opens_on - timedelta(days=80))
        survey_id = self._rows.add(
            Survey,
            name=earlier.name,
            opens_on=earlier.opens_on,
            closes_on=earlier.closes_on,
            seed=earlier.default_seed,
            share=campaign.share,
            drawn_at=day_start(earlier.opens_on, "Asia/Shanghai"),
        )
        drawn: set[int] = set()
        for home in households:
            there = home.moved_in is not None and home.moved_in <= earlier.opens_on
            if not there or home.owner_id in drawn or rng.random() >= _EARLIER_SURVEY_SHARE:
                continue
            drawn.add(home.owner_id)
            target_id = self._rows.add(
                SurveyTarget,
                survey_id=survey_id,
                person_id=home.owner_id,
                community_id=home.community_id,
                unit_id=home.unit_id,
                drawn_on=earlier.opens_on,
            )
            if rng.random() < _ANSWERED_SHARE:
                days = rng.randint(0, campaign.open_days)
                answered_at = day_start(earlier.opens_on, home.place.time_zone)
                for question in _QUESTIONS:
                    self._rows.add(
                        SurveyAnswer,
                        survey_target_id=target_id,
                        question=question,
                        score=weighted(rng, _SCORES),
                        recording=None,
                        answered_at=answered_at + timedelta(days=days, hours=10),
                    )

    def _rework_notice(self, work_order_id: int, completed_on: date, time_zone: str) -> None:
        found_at = day_start(completed_on + timedelta(days=1), time_zone) + timedelta(hours=10)
        self._rows.add(
            ReworkNotice,
            work_order_id=work_order_id,
            cycle=1,
            attempt_id=None,
            found_at=found_at,
            issue_by=found_at + REWORK_NOTICE_WITHIN,
            issued_at=found_at + timedelta(hours=2),
            finding=None,
        )

    def _round_of(self, day: date) -> SurveyRound:
        campaign = self._campaigns.survey
        return survey_round(day, opens_on_day=campaign.opens_on_day, open_days=campaign.open_days)
