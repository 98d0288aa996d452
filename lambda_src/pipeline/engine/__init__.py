"""The graph made true."""
