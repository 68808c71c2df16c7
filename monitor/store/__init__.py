"""Keep everything in one database: SQLite on one machine, PostgreSQL on many."""
