"""What the calls came to, in figures: each a set-based query over a period of local days."""
