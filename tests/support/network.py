"""A network that fails between a client and its server."""

import asyncio
import contextlib


class Network:
    """A proxy whose connections can be made to go silent, and whose new ones can lead elsewhere."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self.connections = 0

    async def open(self) -> int:
        """Start to listen, and return the port."""
        self._listener = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return int(self._listener.sockets[0].getsockname()[1])

    def go_silent(self) -> None:
        """Drop everything from now on, both ways, on the connections of this moment."""
        self._silent |= self._writers

    async def close(self) -> None:
        self._listener.close()
        for writer in self._writers:
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there = await asyncio.open_connection("127.0.0.1", self.server_port)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        while data := await reader.read(65_536):
            if writer not in self._silent:
                writer.write(data)
        writer.close()
