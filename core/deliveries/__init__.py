"""Webhooks: other systems' addresses, and the signed sending of what has happened to them."""
