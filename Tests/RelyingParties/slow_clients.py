"""Holds many connections open that never finish a request: slow_clients.py PORT COUNT [drip|silent|body].

Prints 'ready' when all have been opened once. A connection that the server ends is opened again a second later, as an attacker
would. Each says a little every few seconds: a header field (drip), a byte of a body (body), or nothing (silent).
"""

import asyncio
import sys

HEADS = {
    "drip": b"GET /v1/token?audience=x HTTP/1.1\r\nHost: x\r\n",
    "body": b"POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    "silent": b"",
}
WORDS = {"drip": b"X-Drip: a\r\n", "body": b"a", "silent": b""}


async def hold(port: int, kind: str, opened: asyncio.Semaphore) -> None:
    first = True
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEADS[kind])
            if first:
                opened.release()
                first = False
            while True:
                try:
                    if not await asyncio.wait_for(reader.read(4096), 3):
                        break
                except asyncio.TimeoutError:
                    writer.write(WORDS[kind])
            writer.close()
        except OSError:
            pass
        await asyncio.sleep(1)


async def main(port: int, count: int, kind: str) -> None:
    opened = asyncio.Semaphore(0)
    tasks = []
    for index in range(count):
        tasks.append(asyncio.create_task(hold(port, kind, opened)))
        if index % 200 == 199:
            await asyncio.sleep(0.05)
    for _ in range(count):
        await opened.acquire()
    print("ready", flush=True)
    await asyncio.gather(*tasks)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "drip"))
