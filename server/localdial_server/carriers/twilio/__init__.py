"""The carrier Twilio, or any carrier that speaks the same API.

Only `api` and `http_client` load Twilio's library: it costs 18 MiB, which a server with another
carrier does not pay.
"""
