"""A test server that speaks Twilio's API: `localdial simulator serve`.

It sells the numbers of `carriers.simulator.stock` over HTTP and fails on demand, with the faults of
`carriers.simulator.faults`. Use it to run the Twilio adapter, or any other client of Twilio's API,
without an account. To run localdial without any account, use `carriers.simulator` instead: it is
the default carrier and needs no server.
"""
