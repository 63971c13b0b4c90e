"""What a cell means: pure readers of text, units, phones, amounts, dates and words."""
