"""The script workshop."""

from api.console.edge import router as pages

router = pages()
