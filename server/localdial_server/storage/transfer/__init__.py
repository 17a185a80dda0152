"""Export and import of organizations, as lines of JSON (`docs/backup.md`)."""
