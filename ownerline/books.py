"""The books every process of an installation opens: its campaigns, and how it presents itself."""

from callback.campaigns import Campaigns, CampaignsError, load_campaigns
from core.settings import Settings
from customers.model import Language
from dialer.plan import House
from scripts.library import load_library

# The longest an owner may put a payment off on an automatic call; beyond it, an extension.
MAX_PROMISE_DAYS = 14


def campaigns_of(settings: Settings) -> Campaigns:
    """Return a new book of the installation's campaigns: its own file's, or the shipped ones.

    Raises:
        CampaignsError: its file cannot be used, or names a script that there is not.
    """
    if settings.campaigns_file is None:
        return load_campaigns(None)
    file = settings.home / settings.campaigns_file  # an absolute path stays as it is
    campaigns = load_campaigns(file)
    known = load_library().scripts
    for place, script in campaigns.scripts():
        if script not in known:
            message = (
                f"{file}, at {place}: there is no script {script!r}; there are"
                f" {', '.join(sorted(known))}"
            )
            raise CampaignsError(message)
    return campaigns


def house_of(settings: Settings) -> House:
    """Return how the installation presents itself on a call."""
    company = settings.company
    return House(
        company=None if company is None else dict.fromkeys(Language, company),
        callback_number=settings.callback_number,
        callback_open="09:00",
        callback_close="20:00",
        max_promise_days=MAX_PROMISE_DAYS,
        agents_available=False,
    )
