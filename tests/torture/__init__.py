"""Long runs that try to break what the documents promise; tests run the same, shorter."""
