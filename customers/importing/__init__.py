"""Workbooks into the customer file: rows read, staged beside it, merged in sets."""
