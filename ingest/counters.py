"""What ingest tells Prometheus beside the counters every consumer has."""

from prometheus_client import Gauge, Histogram

write_seconds = Histogram(
    "anju_ingest_write_seconds",
    "Time to make a batch durable",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
historian_away = Gauge("anju_ingest_historian_away", "1 while the historian takes nothing and frames wait")
buffered_readings = Gauge("anju_ingest_buffered_readings", "Readings received and not yet written")
delay_seconds = Gauge("anju_ingest_delay_seconds", "How long the oldest frame of the last batch waited here")
