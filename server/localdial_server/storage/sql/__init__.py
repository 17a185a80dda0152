"""The schema, its migrations, and the queries behind the store port."""
