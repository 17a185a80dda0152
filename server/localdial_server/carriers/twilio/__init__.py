"""Numbers from Twilio, or from a carrier that speaks the same API.

The library ``twilio`` is loaded where it is used, by ``api`` and ``http``: it
costs 18 MiB, which a server over another carrier does not pay.
"""
