"""The customer file: search, household, timeline."""

from api.console.edge import router as pages

router = pages()
