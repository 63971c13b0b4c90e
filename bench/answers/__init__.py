"""Benchmarks of the chance of an answer."""
