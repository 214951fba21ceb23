"""The machine comes back at night with half a site file on its disk: it watches as it did the day before."""

from pathlib import Path

from tests.program import Program
from tests.servers import wait_until

SMOKE = {"smoke": True, "battery": 90, "linkquality": 90, "test": False}


def test_a_broken_site_file_at_start_leaves_the_last_one_watching_and_says_so(tmp_path: Path) -> None:
    program = Program(tmp_path, simulate=False)
    good = program.site.read_text(encoding="utf-8")
    try:
        program.start()
        program.stop()
        program.site.write_text(good[: len(good) // 2] + "\n  - {id: [", encoding="utf-8")
        program.start()
        with program.client() as api, program.outside() as outside:
            files = api.get("/services/site-files").json()
            assert len(files) >= 4
            assert all(file["problems"] and str(program.site) in file["problems"][0] for file in files)
            outside.listen("anju/v1/jinxiu/events/alarm")
            wait_until(lambda: all(row["online"] for row in api.get("/gateways").json()["items"]), 30, "the gateways")
            outside.publish("zigbee2mqtt/smoke-b6-f1-a", SMOKE)
            outside.wait_for("events/alarm", lambda alarm: alarm["points"] == ["smoke-b6-f1-a.smoke"])
            program.site.write_text(good, encoding="utf-8")
            wait_until(
                lambda: not any(file["problems"] for file in api.get("/services/site-files").json()),
                30,
                "the mended file to be in force",
            )
    finally:
        program.stop()
