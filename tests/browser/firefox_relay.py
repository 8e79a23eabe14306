"""Firefox as Playwright starts it: commands that a stable Firefox does not have yet end here.

Playwright speaks WebDriver BiDi to it, newer than that of the Firefox of a distribution, and gives
up at the first command that is not known. Run as a program, with the arguments of Firefox.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

MISSING = frozenset({"emulation.setMediaFeaturesOverride"})
"""Commands that change nothing that a test may rely on: they are answered with success."""


async def main(arguments: list[str]) -> int:
    """Run Firefox, and tell of the relay where Firefox tells of itself. Gives its exit status."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    assert program is not None
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def relayed(front: ServerConnection) -> None:
        await relay(front, await address)

    async with serve(relayed, "127.0.0.1", 0, max_size=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async for line in process.stdout:
            text = line.decode("utf-8", "replace")
            if (told := re.search(r"BiDi listening on (ws://\S+)", text)) and not address.done():
                address.set_result(told[1])
                text = text.replace(told[1], f"ws://127.0.0.1:{port}")
            print(text, end="", file=sys.stderr, flush=True)
    return await process.wait()


async def relay(front: ServerConnection, address: str) -> None:
    """Hand on what is said from either side, until one of them ends."""
    assert front.request is not None
    async with connect(address + front.request.path, max_size=None, ping_interval=None) as back:

        async def forth() -> None:
            async for message in front:
                command = json.loads(message)
                if command["method"] in MISSING:
                    answer = {"type": "success", "id": command["id"], "result": {}}
                    await front.send(json.dumps(answer))
                else:
                    await back.send(message)
            await back.close()

        async def home() -> None:
            async for message in back:
                await front.send(message)
            await front.close()

        await asyncio.gather(forth(), home(), return_exceptions=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
