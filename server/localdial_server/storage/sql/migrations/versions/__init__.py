"""One module for each migration of the schema."""
