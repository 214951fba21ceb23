"""State: small, relational, in SQLite or PostgreSQL. Readings never go into it."""
