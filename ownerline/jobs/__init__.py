"""Background jobs: what workers do, each of them safe to do again."""
