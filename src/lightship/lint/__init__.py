"""Rules about Dockerfiles: what each line costs, which stage it is in, and the edit that mends it."""
