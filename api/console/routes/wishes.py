"""Do-not-call and consent."""

from api.console.edge import router as pages

router = pages()
