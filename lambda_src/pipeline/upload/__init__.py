"""An object landed: which run it starts, and whose turn it is."""
