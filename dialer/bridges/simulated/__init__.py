"""The simulated carrier: invented people behind a real port, reproducible from a seed."""
