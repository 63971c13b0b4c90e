"""Agents: roster, standing, owners shared out, a supervisor's ear."""

from api.console.edge import router as pages

router = pages()
