"""Settings from the environment, as twelve-factor applications have them."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AGENT_")

    database_url: str = "sqlite:////tmp/agent-platform.sqlite"
    broker_url: str = "memory://"
    eager_tasks: bool = True
    documents: Path = Path(__file__).parents[1] / "documents"


settings = Settings()
