"""Work on a database or an account as a whole: export, import, prune, examine."""
