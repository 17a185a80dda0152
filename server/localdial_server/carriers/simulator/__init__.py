"""The simulated carrier: the embedded default, which costs nothing and calls nobody."""
