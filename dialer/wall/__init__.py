"""The wallboard's figures: what waits, who speaks, what is not dialled and why, at one instant."""
