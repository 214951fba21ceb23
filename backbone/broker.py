"""The embedded broker (iotcore, which is rumqttd): on loopback, its memory bounded.

rumqttd keeps a commit log a topic filter, in segments; its defaults let that log grow to 1-2 GB. Eight segments of
half a MB keep what bridges a moment: more than the gateways of a small site have on their way at once. What falls off
the end is resent by the gateways (see docs/decisions/0001). A log of 60-byte messages takes four times its size, and
the demo has 16 filters: benchmarks/broker_memory.py fills them and shows that it all stays under 200 MB.
"""

import logging
from pathlib import Path
from typing import NoReturn

SEGMENT_BYTES = 512 * 1024
SEGMENTS = 8
MAX_PAYLOAD_BYTES = 1_100_000
"""A frame has at most 1 MB; a larger payload costs its sender the connection and nobody else anything."""
MAX_INFLIGHT = 200


def configuration(port: int) -> str:
    """rumqttd's settings as TOML."""
    return f"""id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = {MAX_INFLIGHT}
max_segment_size = {SEGMENT_BYTES}
max_segment_count = {SEGMENTS}

[v4.1]
name = "v4-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PAYLOAD_BYTES}
max_inflight_count = {MAX_INFLIGHT}
dynamic_filters = true
"""


def run(port: int, data_dir: Path) -> NoReturn:
    """Run the broker in this process until a signal ends it.

    Raises:
        OSError: the port is in use.
    """
    import iotcore  # noqa: PLC0415  (only machines with an embedded broker have it)

    # Its routing spans come out as an error record for every packet.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "broker.toml"
    path.write_text(configuration(port))
    broker = iotcore.IotCoreBroker(config_path=str(path))
    broker.check_ports()
    broker.run_forever()
    raise SystemExit(0)
