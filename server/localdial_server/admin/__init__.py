"""Work on a whole database or carrier account: export, import, prune, doctor."""
