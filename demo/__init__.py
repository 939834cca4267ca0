"""A believable world for those who have no account yet: people, streams and 30 days of history."""
