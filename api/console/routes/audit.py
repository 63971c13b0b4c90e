"""The audit: who looked at, exported or changed what."""

from api.console.edge import router as pages

router = pages()
