"""Webhooks of Twilio, answered at the rate of a large installation."""
