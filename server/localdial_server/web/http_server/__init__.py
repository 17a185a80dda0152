"""uvicorn in the server's own event loop, for the RPCs over HTTP and for the voice webhook."""
