"""Organizations on the move between databases, as lines of JSON (``docs/backup.md``)."""
