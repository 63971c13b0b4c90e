"""Campaigns: start, pause, hours, pacing, retries, priority."""

from api.console.edge import router as pages

router = pages()
