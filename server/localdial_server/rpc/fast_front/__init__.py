"""gRPC over HTTP/2 as an ASGI application, for the fast front."""
