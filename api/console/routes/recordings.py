"""Recordings: search, hear, hold."""

from api.console.edge import router as pages

router = pages()
