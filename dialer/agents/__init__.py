"""Agents: the people who take part in calls, and where each of them stands."""
