"""A release of static files in a store of objects: what it has, what is sent, what is collected."""
