"""The wallboard, why nothing is dialled, and the red stop button."""

from api.console.edge import router as pages

router = pages()
