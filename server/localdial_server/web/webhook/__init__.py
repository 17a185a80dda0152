"""The voice webhook: what Twilio asks when one of our numbers is called, and what it is answered."""
