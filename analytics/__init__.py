"""Questions: (session, timeframe, …) → plain data. Nothing here writes."""
