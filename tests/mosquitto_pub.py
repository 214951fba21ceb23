"""Debian's mosquitto_pub, as a sensor's bridge or an installer uses it."""

import asyncio

from tests.servers import installed


async def mosquitto_pub(port: int, topic: str, payload: bytes, *, retain: bool = False) -> None:
    """One message, QoS 1, its bytes as they are; returns when the broker has it."""
    command = [installed("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", topic]
    process = await asyncio.create_subprocess_exec(
        *command, "-s" if payload else "-n", *(["-r"] if retain else []), stdin=asyncio.subprocess.PIPE
    )
    await process.communicate(payload)
    assert process.returncode == 0, topic
