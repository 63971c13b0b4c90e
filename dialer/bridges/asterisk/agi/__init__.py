"""Talks on Asterisk: a FastAGI server, its sessions, and the turns of scripts spoken over them."""
