"""Measuring the engine: a synthetic community, what it is compared with, the table."""
