"""The demo day: an invented property company, its calling day by the production engine, a report."""
