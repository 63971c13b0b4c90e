"""Who is due a call, why and by when, and whether the rules let it be placed now."""
