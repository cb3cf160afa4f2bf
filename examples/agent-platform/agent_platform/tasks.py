"""Work that a web request does not wait for. In eager mode a task runs where it is called."""

from celery import Celery

from agent_platform.settings import settings

celery = Celery("agent_platform", broker=settings.broker_url, backend="cache+memory://")
celery.conf.update(
    task_always_eager=settings.eager_tasks,
    task_store_eager_result=False,
    task_serializer="json",
    accept_content=["json"],
    timezone="Asia/Shanghai",
)


@celery.task
def summarise(text: str, sentences: int = 1) -> dict[str, object]:
    """The first sentences, and how much was left out."""
    parts = [part.strip() for part in text.replace("\n", " ").split(". ") if part.strip()]
    return {"summary": ". ".join(parts[:sentences]), "left_out": max(0, len(parts) - sentences)}
