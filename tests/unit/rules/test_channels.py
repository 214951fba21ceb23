"""Whom a channel leads to is known before anything has to be said."""

from dataclasses import replace

from community.site.duty import Notifications, Sender
from community.site.model import Contact, Person
from rules.notify.channels import Channels, prepare
from tests.unit.rules.sites import make_site

WAYS = {
    "email": "mailto://user:secret@example.com?to={to}",
    "sms": "json://gateway.example.com/send/{to}",
    "wecom": "wecombot://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "dingtalk": "dingtalk://0123456789abcdef0123456789abcdef",
    "feishu": "feishu://aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "webhook": "jsons://hooks.example.com/{to}",
    "typo": "wecmbot://aaaaaaaaaaaaaaaa",
    "half": "dingtalk://",
}


def test_every_kind_of_channel_is_judged_before_it_is_needed() -> None:
    site = make_site({"a.smoke": {}}, [])
    officer = Person.model_validate(
        {
            "id": "wang-wei",
            "name": "王伟",
            "roles": [],
            "contacts": [{"channel": channel, "to": "139"} for channel in WAYS],
        }
    )
    ways = (Contact(channel="typo", to="1"), Contact(channel="sms", to="env:X"))
    lost = Person(id="li-na", name="李娜", roles=(), contacts=ways)
    notifications = Notifications(channels={channel: Sender(url=url) for channel, url in WAYS.items()})
    file = site.file.model_copy(update={"people": (officer, lost), "notifications": notifications})
    channels = Channels(replace(site, file=file), {})
    prepare()
    channels.judge()
    assert channels.of("wang-wei") == ("email", "sms", "wecom", "dingtalk", "feishu", "webhook")
    assert {channel for channel, why in channels.reach["wang-wei"].items() if why} == {"typo", "half"}
    assert channels.unreachable == {"li-na": "typo: no-address:typo; sms: unset:X"}
