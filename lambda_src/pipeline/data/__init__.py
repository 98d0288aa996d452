"""The data files: found, fingerprinted, checked."""
