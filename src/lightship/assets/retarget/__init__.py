"""The prefix of a built front end replaced without building again: where it stands, and what depends on its length."""
