"""What people look at: the web page (`web/`) and the provisioned Grafana dashboards (`grafana/`)."""

from pathlib import Path

WEB_DIST = Path(__file__).parent / "web" / "dist"
