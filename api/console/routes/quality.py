"""Quality: the monthly sample and its score sheets."""

from api.console.edge import router as pages

router = pages()
