"""Where images really are, by registries.conf (containers-registries.conf(5))."""

from __future__ import annotations

from pathlib import Path

import pytest

from hangar.configuration import Configuration, Endpoint, RegistriesConf
from hangar.errors import AccessDenied, InvalidConfiguration
from hangar.reference import Reference

DIGEST = "sha256:" + "ab" * 32
BY_DIGEST = 'prefix = "a.io"\nmirror-by-digest-only = true\n'
MIRROR = '[[registry.mirror]]\nlocation = "b.io"\n'


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def conf(folder: Path, text: str) -> RegistriesConf:
    path = write(folder / "registries.conf", text)
    return RegistriesConf(path, {"HOME": str(folder)}, system=folder / "etc")


def places(conf: RegistriesConf, image: str) -> list[str]:
    """Where an image is read, in order."""
    return [
        endpoint.reference.full_repository
        for endpoint in conf.endpoints(Reference.parse(image))
    ]


TABLES = """
[[registry]]
prefix = "reg.io/team"
location = "other.io/moved"
insecure = true

[[registry.mirror]]
location = "mirror.io/team/"
[[registry.mirror]]
location = "pinned.io/team"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.io/team"
pull-from-mirror = "tag-only"
insecure = true

[[registry]]
location = "reg.io/team/only-by-digest"
mirror-by-digest-only = true
[[registry.mirror]]
location = "mirror.io/x"

[[registry]]
prefix = "*.bad.io"
blocked = true

[[registry]]
prefix = "*.example.io"
location = "all.io/examples"

[[registry]]
prefix = "*.b.example.io"
[[registry.mirror]]
location = "mirror.io/b"

[[registry]]
prefix = "a.example.io"
location = "just.io"
"""


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("reg.io/team/app:1", "mirror.io/team/app tags.io/team/app other.io/moved/app"),
        (
            f"reg.io/team/app:1@{DIGEST}",
            "mirror.io/team/app pinned.io/team/app other.io/moved/app",
        ),
        ("reg.io/team/only-by-digest:1", "reg.io/team/only-by-digest"),
        (
            f"reg.io/team/only-by-digest@{DIGEST}",
            "mirror.io/x reg.io/team/only-by-digest",
        ),
        ("reg.io/teams/app:1", "reg.io/teams/app"),
        ("reg.io:5000/team/app:1", "reg.io:5000/team/app"),
        ("a.example.io:5000/app", "just.io:5000/app"),
        ("plain.io/a", "plain.io/a"),
        ("x.example.io/app", "all.io/examples/app"),
        ("x.y.example.io/app", "all.io/examples/app"),
        ("example.io/app", "example.io/app"),
        ("x.b.example.io/app", "mirror.io/b/app x.b.example.io/app"),
        ("a.example.io/app", "just.io/app"),
        ("A.Example.io/app", "just.io/app"),
    ],
)
def test_images_are_read_from_mirrors_in_order(
    tmp_path: Path, image: str, expected: str
) -> None:
    assert places(conf(tmp_path, TABLES), image) == expected.split()


def test_each_place_says_whether_it_is_insecure(tmp_path: Path) -> None:
    found = conf(tmp_path, TABLES).endpoints(Reference.parse("reg.io/team/app"))

    assert [endpoint.insecure for endpoint in found] == [False, True, True]


def test_writing_goes_to_the_name_itself(tmp_path: Path) -> None:
    image = Reference.parse("reg.io/team/app")

    assert conf(tmp_path, TABLES).endpoint(image) == Endpoint(image, insecure=True)


def test_what_is_blocked_is_neither_read_nor_written(tmp_path: Path) -> None:
    found, image = conf(tmp_path, TABLES), Reference.parse("Very.BAD.io:5000/app")

    for ask in (found.endpoint, found.endpoints):
        with pytest.raises(AccessDenied, match=r"blocked in .*registries\.conf"):
            ask(image)


def test_a_wildcards_location_takes_the_place_of_the_host(tmp_path: Path) -> None:
    text = '[[registry]]\nprefix = "*.io"\nlocation = "other.com"'

    assert places(conf(tmp_path, text), "reg.io:5000/app") == ["other.com:5000/app"]


def test_a_location_that_makes_no_name_is_refused_when_used(tmp_path: Path) -> None:
    text = '[[registry]]\nprefix = "reg.io/team/app"\nlocation = "other.com"'
    found = conf(tmp_path, text)

    assert places(found, "reg.io/team") == ["reg.io/team"]
    with pytest.raises(InvalidConfiguration, match=r"'other\.com' makes"):
        found.endpoints(Reference.parse("reg.io/team/app"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n[[registry", "line 2: Expected ']]'"),
        ('\na = "\n', "line 2, column "),
        ("registry = 1", "registry: expected [[tables]]"),
        ("registry = [1]", "registry: expected [[tables]]"),
        ("[[registry]]\nblocked = true", "without prefix and location"),
        (
            '[[registry]]\nprefix = "a.io"\nblocked = "yes"',
            "a.io: blocked: expected true",
        ),
        ("[[registry]]\nlocation = 7", "location: expected text"),
        ('[[registry]]\nlocation = "https://a.io"', "no URL"),
        ('[[registry]]\nprefix = "*.a.io/b"', "is no HOST"),
        ('[[registry]]\nprefix = "a.*.io"', "is no HOST"),
        ('[[registry]]\nprefix = "*.a.io:5000"', "is no HOST"),
        ('[[registry]]\nprefix = "a.io/b:1"', "tags and digests are not supported"),
        (f'[[registry]]\nprefix = "a.io/b@{DIGEST}"', "tags and digests"),
        ('[[registry]]\nprefix = "a.io"\npull-from-mirror = "all"', "is for its mirr"),
        ('[[registry]]\nprefix = "a.io"\nmirror = ["b.io"]', "mirror: expected [["),
        ('[[registry]]\nprefix = "a.io"\n[[registry.mirror]]', "without location"),
        (
            f'[[registry]]\nprefix = "a.io"\n{MIRROR}pull-from-mirror = "never"',
            "'never' is not one of all, digest-only, tag-only",
        ),
        (
            f'[[registry]]\n{BY_DIGEST}{MIRROR}pull-from-mirror = "all"',
            "exclude each other",
        ),
        ('unqualified-search-registries = "a.io"', "expected a list of texts"),
        ("credential-helpers = [1]", "expected a list of texts"),
        ('[registries.search]\nregistries = ["a.io"]', "version 1 of its format"),
        ('aliases = ["a"]', "aliases: expected an object"),
        ("[aliases]\na = 1", "aliases.a: expected text"),
        ('[aliases]\n"a.io/b" = "c.io/d"', "alias 'a.io/b' is no name without"),
        ('[aliases]\n"b:1" = "c.io/d"', "alias 'b:1' is no name without"),
        ('[aliases]\nb = "c"', "alias b: 'c' is no HOST[:PORT]/NAME"),
        ('[aliases]\nb = "c.io/d:1"', "alias b: 'c.io/d:1' is no HOST"),
    ],
)
def test_a_file_that_makes_no_sense_is_named(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        conf(tmp_path, text).endpoints(Reference.parse("a.io/b"))

    assert str(caught.value).startswith(f"{tmp_path / 'registries.conf'}: ")
    assert said in str(caught.value)


def test_keys_that_mean_nothing_are_warned_of(tmp_path: Path) -> None:
    text = """
        unqualified = ["a.io"]
        [[registry]]
        prefix = "a.io"
        blokced = true
        [[registry.mirror]]
        location = "b.io"
        insecur = true
        [aliases]
        fedora = "registry.fedoraproject.org/fedora"
        """
    path = tmp_path / "registries.conf"

    assert conf(tmp_path, text).warnings == [
        f"{path}: unknown key 'unqualified' has no effect",
        f"{path}: unknown key 'blokced' has no effect",
        f"{path}: unknown key 'insecur' has no effect",
    ]


def blocks(host: str) -> str:
    return f'[[registry]]\nprefix = "{host}"\nblocked = true\n'


def blocked(conf: RegistriesConf, *hosts: str) -> list[str]:
    rules = {host: conf.rule(f"{host}/app") for host in hosts}
    return [host for host, rule in rules.items() if rule and rule.blocked]


def test_files_of_machine_and_user_count_in_their_order(tmp_path: Path) -> None:
    system, user = tmp_path / "etc", tmp_path / ".config/containers"
    write(system / "registries.conf", blocks("main.io") + blocks("again.io"))
    write(system / "registries.conf.d/10.conf", blocks("dropped.io"))
    write(system / "registries.conf.d/20.conf", '[[registry]]\nlocation = "again.io"')
    write(system / "registries.conf.d/notes.txt", "nonsense")
    (system / "registries.conf.d/folder.conf").mkdir()
    write(user / "registries.conf.d/30.conf", blocks("user.io"))
    environ = {"HOME": str(tmp_path)}

    found = RegistriesConf(None, environ, system=system)

    assert blocked(found, "main.io", "again.io", "dropped.io", "user.io") == [
        "main.io",
        "dropped.io",
        "user.io",
    ]


def test_with_a_file_of_the_users_own_the_machines_do_not_count(tmp_path: Path) -> None:
    system, user = tmp_path / "etc", tmp_path / ".config/containers"
    write(system / "registries.conf", blocks("main.io"))
    write(system / "registries.conf.d/10.conf", blocks("dropped.io"))
    write(user / "registries.conf", "")
    write(user / "registries.conf.d/30.conf", blocks("user.io"))

    found = RegistriesConf(None, {"HOME": str(tmp_path)}, system=system)

    assert blocked(found, "main.io", "dropped.io", "user.io") == ["user.io"]


@pytest.mark.parametrize(
    "variable", ["CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH"]
)
def test_a_file_that_is_named_takes_the_place_of_the_main_one_alone(
    tmp_path: Path, variable: str
) -> None:
    system, user = tmp_path / "etc", tmp_path / ".config/containers"
    write(system / "registries.conf", blocks("main.io"))
    write(system / "registries.conf.d/a.conf", blocks("dropped.io"))
    write(user / "registries.conf", blocks("user.io"))
    write(user / "registries.conf.d/a.conf", blocks("more.io"))
    named = write(tmp_path / "named.conf", blocks("named.io"))
    environ = {"HOME": str(tmp_path), variable: str(named)}

    found = RegistriesConf(None, environ, system=system)

    hosts = ["named.io", "dropped.io", "more.io", "main.io", "user.io"]
    assert blocked(found, *hosts) == hosts[:3]


def test_an_option_comes_before_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conf", blocks("a.io"))
    environ = {"CONTAINERS_REGISTRIES_CONF": str(write(tmp_path / "b.conf", "["))}
    settings = Configuration.load(registries_conf=path, environ=environ)

    assert blocked(settings.registries, "a.io") == ["a.io"]


def test_a_file_that_is_named_has_to_be_there() -> None:
    found = RegistriesConf(None, {"REGISTRIES_CONFIG_PATH": "/nowhere"})

    with pytest.raises(InvalidConfiguration, match="no such file"):
        found.endpoint(Reference.parse("a"))


def test_of_several_files_the_last_that_states_a_list_counts(tmp_path: Path) -> None:
    system = tmp_path / "etc"
    write(
        system / "registries.conf",
        'unqualified-search-registries = ["a.io"]\ncredential-helpers = ["one", "two"]',
    )
    write(
        system / "registries.conf.d/10.conf", 'unqualified-search-registries = ["b.io"]'
    )
    write(system / "registries.conf.d/20.conf", "")

    found = RegistriesConf(None, {"HOME": str(tmp_path)}, system=system)

    assert found.search_registries == ("b.io",)
    assert found.credential_helpers == ("one", "two")
    assert conf(tmp_path / "other", "").search_registries == ()
    assert conf(tmp_path / "other", "").credential_helpers == ("containers-auth.json",)


ALIASES = """
[aliases]
fedora = "registry.fedoraproject.org/fedora"
"opensuse/leap" = "registry.opensuse.org/opensuse/leap"
alpine = "docker.io/library/alpine"
local = "localhost/local"
"""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fedora", "registry.fedoraproject.org/fedora"),
        ("fedora:40", "registry.fedoraproject.org/fedora:40"),
        (f"fedora@{DIGEST}", f"registry.fedoraproject.org/fedora@{DIGEST}"),
        (f"fedora:40@{DIGEST}", f"registry.fedoraproject.org/fedora:40@{DIGEST}"),
        ("opensuse/leap:15", "registry.opensuse.org/opensuse/leap:15"),
        ("local", "localhost/local"),
        ("docker.io/fedora", "docker.io/fedora"),
        ("localhost/fedora", "localhost/fedora"),
        ("docker://fedora", "docker://fedora"),
        ("team/fedora", "team/fedora"),
        ("leap", "leap"),
        ("", ""),
    ],
)
def test_a_short_name_stands_for_what_its_alias_says(
    tmp_path: Path, name: str, meant: str
) -> None:
    assert conf(tmp_path, ALIASES).expanded(name) == meant


OWN = '[aliases]\nmy-app = "reg.io/app"\nmy-own = "docker.io/library/my-own"'
"""Names that no machine's own files have aliases for."""


def test_a_name_is_read_with_its_alias_unless_it_has_a_transport(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.conf", OWN)
    found = Configuration.load(registries_conf=path, environ={"HOME": str(tmp_path)})

    assert found.reference("my-app").registry == "reg.io"
    assert found.reference("docker://my-app").registry == "docker.io"


def test_what_a_short_name_became_is_noted_once_unless_it_goes_without_saying(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.conf", OWN)
    found = Configuration.load(registries_conf=path, environ={"HOME": str(tmp_path)})

    for name in ("my-app:39", "my-app:40", "my-own"):
        found.reference(name)

    assert found.assumptions == [f"my-app stands for reg.io/app, as {path} states"]


def test_a_later_table_replaces_one_of_the_same_host_in_other_letters(
    tmp_path: Path,
) -> None:
    table = '[[registry]]\nprefix = "{}"\nblocked = {}\n'
    text = table.format("Quay.io", "false") + table.format("quay.io", "true")

    with pytest.raises(AccessDenied):
        conf(tmp_path, text).endpoints(Reference.parse("quay.io/a/b"))


def test_a_later_file_replaces_an_alias_or_takes_it_back(tmp_path: Path) -> None:
    system = tmp_path / "etc"
    write(system / "registries.conf", ALIASES)
    text = '[aliases]\nfedora = ""\nlocal = "a.io/local"'
    write(system / "registries.conf.d/10.conf", text)
    found = RegistriesConf(None, {"HOME": str(tmp_path)}, system=system)

    assert found.expanded("fedora") == "fedora"
    assert found.expanded("local") == "a.io/local"
    assert found.expanded("opensuse/leap").startswith("registry.opensuse.org/")
