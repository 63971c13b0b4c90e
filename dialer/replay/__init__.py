"""What was looked at, kept so that a day can be decided once more and looked at again."""
