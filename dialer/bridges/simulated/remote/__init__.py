"""The simulated carrier as a process of its own, and the bridge that reaches it over a socket."""
