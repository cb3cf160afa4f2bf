"""The routes, in a module beside the application's."""

from fastapi import APIRouter

router = APIRouter(prefix="/api")
NOTES: list[str] = []


@router.get("/notes")
def notes() -> list[str]:
    return NOTES
