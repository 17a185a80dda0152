"""The certificate that a running server uses. It follows its files without a restart."""

import asyncio
import contextlib
import datetime as dt
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import grpc

from localdial_server.observability import metrics
from localdial_server.settings.validators import is_loopback

# It loads `cryptography`, 9 MB that no server without TLS needs.
if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings
    from localdial_server.tls.certificate_files import CertificateFiles, LoadedCertificate

_log = logging.getLogger(__name__)

ClientCertificates = Literal["off", "optional", "required"]
_VERIFY_MODES: Final = {
    "off": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}

_POLL_SECONDS: Final = 1.0
_WARNING: Final = dt.timedelta(days=7)


class ServerCertificates:
    """The newest usable certificate, for new connections. Open connections keep the one they began with."""

    def __init__(self, files: "CertificateFiles") -> None:
        """Load the files. Blocks. Raises `UnusableCertificate`."""
        self._files = files
        self._loaded_state = self._polled_state = files.state()
        self._current = files.load()
        self._problem = ""
        self._warned_of: LoadedCertificate | None = None
        self._reload_wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._export()

    @property
    def files(self) -> "CertificateFiles":
        """The files, for a server that reads them itself."""
        return self._files

    @property
    def current(self) -> "LoadedCertificate":
        """The certificate for handshakes that begin now."""
        return self._current

    @property
    def is_reload_failing(self) -> bool:
        """Whether the files have another certificate, which cannot be used."""
        return bool(self._problem)

    def grpc_credentials(self, *, require_client: bool) -> grpc.ServerCredentials:
        """Return the credentials of one port. With `require_client`, callers must present a certificate."""
        used = self._current

        def newest() -> grpc.ServerCertificateConfiguration | None:
            # gRPC asks before each handshake, and would parse the same certificate each time.
            nonlocal used
            if self._current is used:
                return None
            used = self._current
            return _configuration(used)

        return grpc.dynamic_ssl_server_credentials(
            _configuration(used),
            newest,  # type: ignore[arg-type]  # the stubs lack None, which means no change
            require_client,
        )

    def context(self, *, require_client: bool = False) -> ssl.SSLContext:
        """Return the context for a handshake that begins now. It does not follow the files."""
        current = self._current
        if require_client:
            assert current.client_context is not None, "there are no client authorities"
            return current.client_context
        return current.context

    def following_context(self, clients: ClientCertificates = "off") -> ssl.SSLContext:
        """Return a context that follows the files. `clients`: whether it asks for client certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # This stays as it is here; all else is that of the newest context.
        context.verify_mode = _VERIFY_MODES[clients]

        # OpenSSL calls it for every handshake, also without a server name, before it chooses a certificate.
        def use_newest(connection: ssl.SSLObject, *_: Any) -> None:
            connection.context = self.context(require_client=clients != "off")

        context.sni_callback = use_newest
        return context

    async def other_than(self, used: "LoadedCertificate") -> "LoadedCertificate":
        """Return the newest certificate, as soon as it is not the one that is used."""
        while self._current is used:
            await self._changed.wait()
        return self._current

    def reload(self) -> None:
        """Read the files soon, even if they seem unchanged. For the event loop that runs `watch`."""
        self._reload_wanted.set()

    async def watch(self) -> None:
        """Follow the files until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._reload_wanted.wait()
            wanted, before = self._reload_wanted.is_set(), self._current
            self._reload_wanted.clear()
            try:
                await asyncio.to_thread(self._reload if wanted else self._poll)
            except Exception:  # noqa: BLE001 - the watch must not end
                _log.exception("the certificate files cannot be watched")
            if self._current is not before:
                self._changed.set()
                self._changed = asyncio.Event()

    def _poll(self) -> None:
        """Load the files if they changed or could not be used, and are not being written at the moment."""
        state = self._files.state()
        # Certificate and key are replaced one after the other, so wait until they have settled.
        has_settled, self._polled_state = state == self._polled_state, state
        if has_settled and (state != self._loaded_state or self._problem):
            self._load()
        self._warn_of_the_end()

    def _reload(self) -> None:
        before = self._current
        self._load()
        if self._current is before and not self._problem:
            _log.info("the certificate is unchanged", extra={"expires": before.expires.isoformat()})

    def _warn_of_the_end(self) -> None:
        """Log once that the certificate in use ends soon: nobody may have renewed it."""
        current = self._current
        if current is not self._warned_of and current.expires - dt.datetime.now(dt.UTC) < _WARNING:
            self._warned_of = current
            _log.warning(
                "the certificate expires soon; renew it", extra={"expires": current.expires.isoformat()}
            )

    def _load(self) -> None:
        from localdial_server.tls.certificate_files import UnusableCertificate  # noqa: PLC0415 - see above

        state = self._files.state()
        try:
            loaded = self._files.load()
        except UnusableCertificate as error:
            if str(error) != self._problem:
                expires = self._current.expires.isoformat()
                _log.error(
                    "the new certificate cannot be used; the server keeps the one it has",
                    extra={"cause": str(error), "expires": expires},
                )
            self._problem = str(error)
        else:
            if not loaded.is_same(self._current):
                _log.info("using a new certificate", extra={"expires": loaded.expires.isoformat()})
                self._current = loaded
            self._problem = ""
        self._loaded_state = state
        self._export()

    def _export(self) -> None:
        metrics.TLS_RELOAD_FAILING.set(1 if self._problem else 0)
        metrics.TLS_EXPIRY.labels("server").set(self._current.expires.timestamp())
        if self._current.client_authorities_expire is not None:
            metrics.TLS_EXPIRY.labels("client_ca").set(self._current.client_authorities_expire.timestamp())


def server_certificates(settings: "Settings") -> ServerCertificates | None:
    """Return the certificates that the settings name, or None. Blocks. Raises `UnusableCertificate`."""
    if not settings.uses_tls:
        return None
    from localdial_server.tls.certificate_files import CertificateFiles  # noqa: PLC0415 - see above

    return ServerCertificates(CertificateFiles(settings))


@contextlib.asynccontextmanager
async def watched(certificates: ServerCertificates | None) -> AsyncIterator[None]:
    """Follow the files inside the context."""
    if certificates is None:
        yield
        return
    task = asyncio.create_task(certificates.watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def for_http(listen: str, certificates: ServerCertificates | None) -> ServerCertificates | None:
    """Return what to serve HTTP on `listen` with: none on a loopback address, for a proxy beside it."""
    return None if is_loopback(listen) else certificates


def reload_of(certificates: ServerCertificates | None) -> Callable[[], None]:
    """Return the function for a SIGHUP."""
    if certificates is not None:
        return certificates.reload
    return lambda: _log.info("SIGHUP: there is no certificate to reload")


def _configuration(loaded: "LoadedCertificate") -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(loaded.key, loaded.chain)], loaded.client_authorities)
