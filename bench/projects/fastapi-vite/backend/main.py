"""Notes, kept in memory: FastAPI, locked by Poetry."""

from fastapi import FastAPI
from notes import router

app = FastAPI()
app.include_router(router)


@app.get("/livez")
def live() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/readyz")
def ready() -> dict[str, str]:
    return {"status": "ok"}
