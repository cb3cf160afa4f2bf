"""What gunicorn serves: ``app:app``."""

from agent_platform.application import create_app

app = create_app()
