"""The carrier Twilio, or any carrier that speaks the same API.

Only `api` and `http_client` load Twilio's library, so that a server with another carrier does not
spend 18 MiB of memory on it.
"""
