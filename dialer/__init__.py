"""Placing the calls: queue, claim, attempt, outcome."""
