"""Calls that come in: who rings, what they hear, and what we owe them afterwards."""
