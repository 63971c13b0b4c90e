"""The web console: pages for agents, supervisors and admins, over the same rooms as the API."""
