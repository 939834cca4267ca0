"""The web process: one blueprint per page, and what they share."""
