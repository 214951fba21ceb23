"""Counters every service shares, in Prometheus' default registry."""

from prometheus_client import Counter, Gauge

frames = Counter("anju_frames", "Frames by consumer and what became of them", ["consumer", "outcome"])
readings = Counter("anju_readings", "Readings by consumer and what became of them", ["consumer", "outcome"])
connected = Gauge("anju_mqtt_connected", "1 while the client is connected to its broker", ["client"])
loop_errors = Counter("anju_loop_errors", "Errors caught at a loop's boundary", ["loop"])
