"""The package index client: the user's own pip or uv settings, the simple API, and verified parallel downloads."""
