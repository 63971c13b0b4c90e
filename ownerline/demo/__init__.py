"""The demo day: an invented company's calling day by the production engine, and its report."""
