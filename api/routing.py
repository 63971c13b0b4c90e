"""Routers whose every route has the edge around it."""

from fastapi import APIRouter

from api.edge import Edge


def router(tag: str) -> APIRouter:
    """Return a router of one subject."""
    return APIRouter(tags=[tag], route_class=Edge)
