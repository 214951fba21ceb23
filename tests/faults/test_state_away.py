"""The whole program on a disk that fills: alarms are told to people, and are on record once there is room again."""

from pathlib import Path

from tests.faults.disks import LimitedFiles
from tests.faults.numbered import NumberedSensor, count_of, kept, nothing_lost_or_doubled
from tests.faults.test_history_away import Service
from tests.faults.test_kill import CLIMATE, DETECTORS, alarms_of
from tests.program import Program
from tests.receivers import receiver
from tests.servers import wait_until

PEOPLE = ("wang-wei", "li-na", "zhang-min", "chen-gang", "liu-yang", "zhao-lei")
EVERYTHING_MB = "1000000000"


def test_a_full_disk_keeps_no_alarm_from_people(tmp_path: Path) -> None:
    """First there is less room than is kept for alarms; then the rules cannot write at all."""
    with receiver() as hook:
        environment = {"ANJU_FREE_MB": EVERYTHING_MB, "ANJU_SMS_URL": f"json://127.0.0.1:{hook.port}/sms/{{to}}"}
        environment |= {f"{person.replace('-', '_').upper()}_PHONE": person for person in PEOPLE}
        program = Program(tmp_path, simulate=False, environment=environment)

        def told(place: str, words: str = "") -> bool:
            return any(place in text and words in text for person in PEOPLE for text in hook.to(person))

        try:
            program.start()
            with program.client() as api, program.outside() as outside:
                with NumberedSensor(program.mqtt_port, CLIMATE) as sensor:
                    wait_until(lambda: sensor.sent > 100, 10, "readings to flow")
                    outside.publish(f"zigbee2mqtt/{DETECTORS[0]}", {"smoke": True, "battery": 90})
                    wait_until(lambda: alarms_of(api, DETECTORS[0]) and told("1号楼"), 20, "the first alarm")
                    states = {(one["name"], one["state"]) for one in api.get("/services").json()["items"]}
                    assert ("disk", "short") in states, "people see why there are no charts"
                    assert count_of(api, sensor.point) == 0, "what is left is for alarms"
                    disk, rules = LimitedFiles(tmp_path), Service(program, "rules")
                    disk.refuse(rules)
                    outside.publish(f"zigbee2mqtt/{DETECTORS[1]}", {"smoke": True, "battery": 90})
                    wait_until(lambda: told("2号楼", "无法保存数据"), 30, "somebody to be told without a record")
                    assert not alarms_of(api, DETECTORS[1])
                    disk.recover(rules)
                    wait_until(lambda: alarms_of(api, DETECTORS[1]), 20, "the second alarm on record")
                assert [len(alarms_of(api, detector)) for detector in DETECTORS[:2]] == [1, 1]
            program.stop()
            program.process.environment["ANJU_FREE_MB"] = "0"
            program.start()
            with program.client() as api:
                wait_until(lambda: count_of(api, sensor.point) >= sensor.sent, 60, f"all {sensor.sent} readings")
        finally:
            program.stop()
    nothing_lost_or_doubled(sensor.readings, kept(program, [sensor.point]))
