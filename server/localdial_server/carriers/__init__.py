"""The carriers: adapters of the port in `app.ports.carrier`, and a server to test one of them with."""
