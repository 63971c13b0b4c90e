"""The circle shown to agents, supervisors and other systems."""
