"""gRPC-Web by Connect's transport for Node.js, without a client of ours."""

from tests.interop.drivers import typescript


def command() -> list[str]:
    """Build the driver and return its command line. Raises `Unavailable`."""
    return [*typescript.command(), "--grpc-web"]
