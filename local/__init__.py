"""The whole pipeline on one machine: `python -m local run`."""
