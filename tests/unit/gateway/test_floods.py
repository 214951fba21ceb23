"""Who speaks without pause is read now and then, and nobody else notices."""

from gateway.floods import KEPT, Floods, Held


def said(*numbers: int) -> list[Held]:
    return [Held("t", str(number).encode(), False) for number in numbers]


def test_a_device_may_catch_up_and_then_speak_at_its_rate() -> None:
    floods = Floods(10, burst=100)
    assert sum(floods.may_speak("a", 0.0) for _ in range(150)) == 100
    assert sum(floods.may_speak("a", 1.0) for _ in range(150)) == 10
    assert sum(floods.may_speak("a", 1000.0) for _ in range(150)) == 100, "no more than a burst, however long ago"
    assert floods.may_speak("b", 0.0), "another device has its own"


def test_of_a_flood_the_last_different_messages_are_read_in_order_and_the_rest_is_counted() -> None:
    floods = Floods(1, burst=1)
    assert floods.may_speak("a", 0.0)
    assert not floods.may_speak("a", 0.0)
    lost = sum(floods.hold("a", message) for message in said(*range(100)))
    assert lost == 100 - KEPT
    assert list(floods.release()) == said(*range(100 - KEPT, 100))
    assert list(floods.release()) == []


def test_an_alarm_that_chatters_is_still_an_alarm() -> None:
    floods = Floods(1, burst=1)
    assert floods.may_speak("a", 0.0)
    alarm, clear = said(1, 0)
    lost = sum(floods.hold("a", message) for message in [alarm, clear] * 50)
    assert (lost, list(floods.release())) == (98, [alarm, clear])
