"""The console's pages, a module a subject; every page is in one of these routers."""

from api.console.routes import door

ROUTERS = (door.router,)
