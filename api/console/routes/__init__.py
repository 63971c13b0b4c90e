"""The console's pages, a module a subject; every page is in one of these routers."""

from api.console.routes import (
    agents,
    approvals,
    audit,
    campaigns,
    desk,
    desk_script,
    door,
    files,
    quality,
    recordings,
    reports,
    settings,
    wall,
    wishes,
    workshop,
)

ROUTERS = (
    agents.router,
    approvals.router,
    audit.router,
    campaigns.router,
    desk.router,
    desk_script.router,
    door.router,
    files.router,
    quality.router,
    recordings.router,
    reports.router,
    settings.router,
    wall.router,
    wishes.router,
    workshop.router,
)
