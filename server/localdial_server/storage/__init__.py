"""The database behind the ports of `app`."""
