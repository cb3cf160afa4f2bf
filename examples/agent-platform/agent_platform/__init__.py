"""A small AI platform in the shape of the large ones: an API, a worker, retrieval over documents."""
