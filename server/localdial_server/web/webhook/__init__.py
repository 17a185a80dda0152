"""The voice webhook: Twilio asks it what to do when someone calls one of our numbers."""
