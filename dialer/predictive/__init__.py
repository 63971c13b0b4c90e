"""Predictive dialling: who paces a campaign, what its pacer sees, and what is placed."""
