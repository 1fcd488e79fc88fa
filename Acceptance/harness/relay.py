"""A network of its own between a node and a service: it can stop carrying anything, as if a cable were pulled."""

import asyncio
import threading

from .server import free_port


class Relay:
    """Carries connections to a port of this machine, until it is told not to. Nobody is told of that."""

    def __init__(self, upstream_port: int):
        self.upstream_port = upstream_port
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listening = threading.Event()
        self._carrying = asyncio.Event()
        self._carrying.set()

    def start(self) -> "Relay":
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(10)

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._carrying.clear)

    def mend(self) -> None:
        self._loop.call_soon_threadsafe(self._carrying.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._listening.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._carrying.wait()
        try:
            source, sink = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._carry(reader, sink), self._carry(source, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                await self._carrying.wait()
                writer.write(piece)
                await writer.drain()
            await self._carrying.wait()
        except OSError:
            pass
        writer.close()
