"""How the company of tests and benchmarks presents itself."""

from customers.model import Language
from dialer.plan import House

GREEN_HOMES = House(
    company=dict.fromkeys(Language, "Green Homes"),
    callback_number="+862151082000",
    callback_open="09:00",
    callback_close="20:00",
    max_promise_days=14,
    agents_available=False,
)
