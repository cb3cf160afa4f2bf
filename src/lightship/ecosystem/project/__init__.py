"""What a project is, told by a look at its files: nothing is executed, nothing outside of a `ProjectFiles` is read."""
