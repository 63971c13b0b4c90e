"""The chance that an owner answers now: what was learned of hours, phones and people."""
