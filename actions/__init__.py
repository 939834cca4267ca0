"""Orders: one action, one transaction."""
