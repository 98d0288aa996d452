"""Every figure that the docs state, measured or simulated with the real code: `make figures` (docs/figures.md)."""
