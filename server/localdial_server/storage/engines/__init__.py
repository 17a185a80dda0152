"""The databases that SQL runs on: SQLite and PostgreSQL."""
