"""Which base fits a lock: the candidates, what each costs, and why not the others."""
