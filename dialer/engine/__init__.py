"""Placing calls: the loop that claims and rings, what it hears, and its duties beside it."""
