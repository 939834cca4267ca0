"""What the product costs, beside named baselines, measured in one run. ``bin/bench`` runs it."""
