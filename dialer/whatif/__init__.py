"""What if: a day to come, played many times on a frozen copy of what is due."""
