"""How the database of a project is brought up to date: Alembic, Flask-Migrate or Django, told by their files."""

from dataclasses import dataclass, field

from lightship.ecosystem.project.application import Application
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.python import PythonProject

__all__ = ["Migration", "find_migration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """``command`` in exec form, run once per release and never by each replica; ``path`` shows that there is one."""

    tool: str
    command: tuple[str, ...]
    path: str
    env: tuple[tuple[str, str], ...] = field(default=())


def find_migration(files: ProjectFiles, project: PythonProject, application: Application | None) -> Migration | None:
    """The migration, None where nothing of the kind is there."""
    alembic = next(files.named(["alembic.ini"]), None)
    if alembic is not None and project.has("alembic") and not alembic.startswith("migrations/"):
        options = () if alembic == "alembic.ini" else ("-c", alembic)
        return Migration(tool="alembic", command=("alembic", *options, "upgrade", "head"), path=alembic)
    environment = next((path for path in files.named(["env.py"]) if path == "migrations/env.py"), None)
    if environment is not None and project.has("flask-migrate") and application is not None:
        target = application.target if not application.factory else f"{application.target}()"
        return Migration(tool="flask-migrate", command=("flask", "--app", target, "db", "upgrade"), path=environment)
    manage = next(files.named(["manage.py"]), None)
    if manage is not None and project.has("django"):
        return Migration(tool="django", command=("python", manage, "migrate", "--noinput"), path=manage)
    return None
