"""``lightship assets``: static files of a front end, one module a command; what a command is made of beside it."""
