"""The carriers: adapters of the port in `app.ports.carrier`, and a simulator of Twilio's API for tests."""
