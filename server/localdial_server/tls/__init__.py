"""TLS: the server's certificate, read from files and read again when they change."""
