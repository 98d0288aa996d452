"""From the bytes of a params file to a checked document."""
