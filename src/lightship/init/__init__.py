"""What a project is made of, and the files that its deployment needs."""
