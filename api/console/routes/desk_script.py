"""The script on the agent's screen, and the wrap-up it fills in."""

from api.console.edge import router as pages

router = pages()
