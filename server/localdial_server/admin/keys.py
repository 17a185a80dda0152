"""API keys in the database itself, without a server: for the first key."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from localdial.v1 import administration_pb2 as pb
from localdial_client import from_status
from localdial_server.admin.maintenance import opened_database
from localdial_server.app.administration import Administration
from localdial_server.app.current_caller import COMMAND_LINE, CURRENT_CALLER
from localdial_server.app.ports.clock import SystemClock
from localdial_server.domain.errors import ServiceError
from localdial_server.rpc.administration import AdministrationServicer
from localdial_server.rpc.contract import Contract
from localdial_server.rpc.status import status_of
from localdial_server.settings.settings import Settings
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.sql.store import SqlStore

T = TypeVar("T")


@contextlib.contextmanager
def opened_keys(settings: Settings) -> Iterator["KeysInDatabase"]:
    """Open the database of the settings, which must exist and have this release's schema.

    Raises `StartError`.
    """
    with opened_database(settings) as database:
        store = SqlStore(database, SnapshotCache(database))
        yield KeysInDatabase(AdministrationServicer(Administration(store, SystemClock())))


class KeysInDatabase:
    """The methods of the Administration service that are about keys, with the errors of the client."""

    def __init__(self, servicer: AdministrationServicer) -> None:
        self._servicer = servicer
        self._contract = Contract()

    def create_api_key(self, request: pb.CreateApiKeyRequest) -> pb.CreateApiKeyResponse:
        """Create a key. Raises `LocaldialError`."""
        return self._run(self._servicer.create_api_key, request)

    def list_api_keys(self, request: pb.ListApiKeysRequest, **_options: Any) -> pb.ListApiKeysResponse:
        """Return one page of the keys. Raises `LocaldialError`."""
        return self._run(self._servicer.list_api_keys, request)

    def rotate_api_key(self, request: pb.RotateApiKeyRequest) -> pb.RotateApiKeyResponse:
        """Give a key a new secret. Raises `LocaldialError`."""
        return self._run(self._servicer.rotate_api_key, request)

    def revoke_api_key(self, request: pb.RevokeApiKeyRequest) -> pb.RevokeApiKeyResponse:
        """End a key. Raises `LocaldialError`."""
        return self._run(self._servicer.revoke_api_key, request)

    def _run(self, method: Callable[[Any], Awaitable[T]], request: Any) -> T:
        async def run() -> T:
            CURRENT_CALLER.set(COMMAND_LINE)
            checked = self._contract.message_class(request.DESCRIPTOR.full_name)
            self._contract.check(checked.FromString(request.SerializeToString()))
            return await method(request)

        try:
            return asyncio.run(run())
        except ServiceError as error:
            raise from_status(status_of(error)) from None
