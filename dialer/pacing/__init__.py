"""How many calls to place now, so that agents talk and no owner who answers meets silence."""
