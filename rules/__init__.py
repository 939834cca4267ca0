"""Pure decisions: numbers in, numbers out; no database, no clock, no Flask."""
