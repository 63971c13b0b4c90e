"""The bridge over Asterisk 18-22: the manager interface rings, FastAGI speaks."""
