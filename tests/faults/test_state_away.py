"""The whole program on a disk that fills: alarms are told to people, and are on record once there is room again."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.faults.disks import LimitedFiles
from tests.faults.numbered import NumberedSensor, count_of, kept, nothing_lost_or_doubled
from tests.faults.test_history_away import Service
from tests.faults.test_kill import CLIMATE, DETECTORS, alarms_of
from tests.program import ADMIN_PASSWORD, Program
from tests.receivers import receiver
from tests.servers import CHROMIUM, ROOT, wait_until

PEOPLE = ("wang-wei", "li-na", "zhang-min", "chen-gang", "liu-yang", "zhao-lei")
EVERYTHING_MB = "1000000000"


@contextlib.contextmanager
def looking(program: Program, username: str) -> Iterator[Page]:
    """Somebody signs in on a phone, and looks."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(locale="zh-CN", viewport={"width": 390, "height": 844})
        page.goto(program.url)
        page.get_by_test_id("login-username").fill(username)
        page.get_by_test_id("login-password").fill(ADMIN_PASSWORD)
        page.get_by_test_id("login-submit").click()
        yield page
        browser.close()


def test_a_full_disk_keeps_no_alarm_from_people(tmp_path: Path) -> None:
    """First there is less room than is kept for alarms; then nobody can write at all, and somebody signs in to look."""
    with receiver() as hook:
        environment = {"ANJU_FREE_MB": EVERYTHING_MB, "ANJU_SMS_URL": f"json://127.0.0.1:{hook.port}/sms/{{to}}"}
        environment |= {f"{person.replace('-', '_').upper()}_PHONE": person for person in PEOPLE}
        program = Program(tmp_path, simulate=False, environment=environment)

        def told(place: str, words: str = "") -> bool:
            return any(place in text and words in text for person in PEOPLE for text in hook.to(person))

        try:
            program.start()
            program.add_user("wang-wei", "safety-officer")
            with program.client() as api, program.outside() as outside:
                with NumberedSensor(program.mqtt_port, CLIMATE) as sensor:
                    wait_until(lambda: sensor.sent > 100, 10, "readings to flow")
                    outside.publish(f"zigbee2mqtt/{DETECTORS[0]}", {"smoke": True, "battery": 90})
                    wait_until(lambda: alarms_of(api, DETECTORS[0]) and told("1号楼"), 20, "the first alarm")
                    states = {(one["name"], one["state"]) for one in api.get("/services").json()["items"]}
                    assert ("disk", "short") in states, "people see why there are no charts"
                    assert count_of(api, sensor.point) == 0, "what is left is for alarms"
                    disk, full = LimitedFiles(tmp_path), [Service(program, name) for name in ("rules", "ingest+api")]
                    for service in full:
                        disk.refuse(service)
                    outside.publish(f"zigbee2mqtt/{DETECTORS[1]}", {"smoke": True, "battery": 90})
                    wait_until(lambda: told("2号楼", "无法保存数据"), 30, "somebody to be told without a record")
                    assert not alarms_of(api, DETECTORS[1])
                    with looking(program, "wang-wei") as page:
                        row = page.locator(f"[data-testid=alarm-row][data-alarm-id*='{DETECTORS[1]}']")
                        expect(row).to_contain_text("尚未存档", timeout=10_000)
                        expect(row).to_contain_text("已通知：赵磊")
                        expect(row.get_by_test_id("alarm-acknowledge")).to_have_count(0)
                        expect(page.get_by_test_id("unrecorded-banner")).to_contain_text("条报警尚未存档")
                        page.screenshot(path=ROOT / "test-output" / "unrecorded-phone.png")
                        for service in full:
                            disk.recover(service)
                        wait_until(lambda: alarms_of(api, DETECTORS[1]), 20, "the second alarm on record")
                        expect(row.get_by_test_id("alarm-acknowledge")).to_be_visible(timeout=10_000)
                        expect(row).to_have_count(1)
                        expect(page.get_by_test_id("unrecorded-banner")).to_have_count(0)
                assert [len(alarms_of(api, detector)) for detector in DETECTORS[:2]] == [1, 1]
            program.stop()
            program.process.environment["ANJU_FREE_MB"] = "0"
            program.start()
            with program.client() as api:
                wait_until(lambda: count_of(api, sensor.point) >= sensor.sent, 60, f"all {sensor.sent} readings")
        finally:
            program.stop()
    nothing_lost_or_doubled(sensor.readings, kept(program, [sensor.point]))
