"""The Dockerfile's language: text to values and back, stages, variables, and what RUN lines do. Nothing is run."""
