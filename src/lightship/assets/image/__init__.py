"""What an image of static files, or of a Node server, holds beside its packages."""
