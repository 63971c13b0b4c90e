"""The bridge to Twilio, and to carriers that speak its API (decisions 0035 to 0040)."""
