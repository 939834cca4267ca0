"""The one way in: events become rows, totals and rollups in one transaction."""
