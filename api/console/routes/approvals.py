"""Approvals: waivers and extensions asked for."""

from api.console.edge import router as pages

router = pages()
