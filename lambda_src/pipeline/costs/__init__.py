"""What Personalize costs: prices, what an upload will cost, and what bills while it exists."""
