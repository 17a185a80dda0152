"""The simulated carrier: the default, which sells fictional numbers within the server itself.

Use it to try localdial and to test the use cases. It costs nothing, and nobody can call its
numbers. `carriers.twilio_simulator` sells the same stock over Twilio's API, to test the Twilio
adapter.
"""
