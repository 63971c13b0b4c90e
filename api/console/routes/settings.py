"""Settings: users, teams, communities, packs, ladders, trunks, prompts."""

from api.console.edge import router as pages

router = pages()
