"""What ``hangar config show`` prints."""

from __future__ import annotations

import json

from tests.support.running import Desk

CONF = """
[[registry]]
prefix = "reg.io"
[[registry.mirror]]
location = "mirror.io"
"""
ACCEPT = "insecureAcceptAnything"


def test_settings_are_a_table(desk: Desk) -> None:
    desk.write("r.conf", CONF)
    desk.write("p.json", json.dumps({"default": [{"type": ACCEPT}]}))

    ran = desk.hangar(
        *("config", "show", "reg.io/app"),
        *("--registries-conf=r.conf", "--policy=p.json"),
    )

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "SETTING   VALUE                                 FROM",
        "address   reg.io                                -",
        "blocked   no (for reg.io)                       r.conf",
        "insecure  no (for reg.io)                       r.conf",
        "mirror    mirror.io/app (all)                   r.conf",
        "location  reg.io/app (for reg.io)               r.conf",
        "user      none                                  -",
        "policy    insecureAcceptAnything (for default)  p.json",
        "proxy     none                                  -",
    ]


def test_settings_are_json_for_machines(desk: Desk) -> None:
    desk.write("r.conf", "unknown = 1")
    ran = desk.hangar(
        *("config", "show", "reg.io", "--json"),
        *("--insecure-policy", "--registries-conf=r.conf"),
    )

    assert ran.status == 0
    value = json.loads(ran.out)
    assert value["name"] == "reg.io"
    assert [s["setting"] for s in value["settings"]] == [
        "address",
        "blocked",
        "insecure",
        "user",
        "policy",
        "proxy",
    ]
    assert value["settings"][1] == {
        "setting": "blocked",
        "value": False,
        "detail": "",
        "from": "",
    }
    assert value["settings"][3]["value"] is None
    assert "unknown key 'unknown' has no effect" in ran.err


def test_what_cannot_be_shown_is_wrong_usage(desk: Desk) -> None:
    for arguments, said in (
        ("", "registry not provided"),
        ("a:b:c", "is no registry"),
        ("reg.io --policy none.json", "none.json: no such file"),
    ):
        ran = desk.hangar("config", "show", *arguments.split())
        assert (ran.status, ran.out) == (2, "")
        assert said in ran.err


def test_config_alone_tells_what_there_is(desk: Desk) -> None:
    ran = desk.hangar("config")

    assert ran.status == 0
    assert "show   Show what is configured about a registry" in ran.out
