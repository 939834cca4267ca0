"""The ground floor: settings, database, events, clock and money. Imports nothing of the layers above."""
