"""The agent's desk: the next owner, the call, its controls."""

from api.console.edge import router as pages

router = pages()
