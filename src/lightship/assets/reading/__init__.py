"""Readers of static files, one a language: what HTML, CSS, JavaScript and JSON lead a browser to, with byte spans."""
