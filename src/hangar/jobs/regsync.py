"""Configuration files of regsync (regclient.org, "regsync")."""

from __future__ import annotations

from collections.abc import Iterator

from hangar.jobs.foreign import Advice, Translation, section_of, texts_of
from hangar.jobs.job import JobImage, platform_of
from hangar.oci import Platform
from hangar.strict import Section

_HANDLED = (
    *("source", "target", "type", "tags", "tagSets", "platform", "platforms"),
    *("referrers", "digestTags"),
)
_COPIED = "they are copied, unless --referrers=false and --remove-signatures are given"
_ADVICE: Advice = {
    "interval": "run hangar from a timer",
    "schedule": "run hangar from a timer",
    "parallel": "use --jobs",
    "ratelimit": "use --requests-per-second",
    "backup": "tags that are overwritten are not kept",
    "forceRecursive": "'hangar mirror validate' finds what is missing",
    "referrerFilters": _COPIED,
    "skipDockerConfig": "use --authfile",
    "hooks": "run programs before or after hangar",
}
_CREDS = "use 'hangar login', certs.d and registries.conf"


def is_regsync(top: Section) -> bool:
    """Tell whether a file is one of these."""
    return isinstance(top.get("sync"), list)


def translate(top: Section) -> Translation:
    """Make entries of a job file of it.

    Raises:
        ValueError: it is not such a file.
    """
    made = Translation()
    if top.get("version", "1") not in ("1", 1):
        top.refuse("'version': expected 1", "version")
    if not is_regsync(top):
        top.refuse("'sync': expected a list", "sync")
    made.reject(top, ("version", "creds", "defaults", "sync"), "", {})
    for entry in _sections(top, "creds"):
        keys = ", ".join(key for key in entry if key != "registry")
        registry = entry.get("registry") or "?"
        made.remark(
            entry.line,
            f"creds of {registry!s:.200} ({keys}) are not taken over: {_CREDS}",
        )
    defaults = section_of(top, "defaults")
    _referrers(made, defaults, "defaults: ")
    made.reject(defaults, ("referrers", "digestTags"), "defaults: ", _ADVICE)
    for entry in _sections(top, "sync"):
        _step(made, entry)
    return made


def _sections(top: Section, key: str) -> Iterator[Section]:
    for value in top.take(key, list) or []:
        if not isinstance(value, Section):
            top.refuse(f"{key!r}: expected a list of keys and values", key)
        yield value


def _referrers(made: Translation, section: Section, where: str) -> None:
    for key in ("referrers", "digestTags"):
        if str(section.get(key, "true")).lower() != "true":
            text = f"{where}{key!r} is not taken over: {_COPIED}"
            made.remark(section.line_of(key), text)


def _step(made: Translation, entry: Section) -> None:
    """Take in one step of ``sync``."""
    source = entry.take("source", str) or ""
    target = entry.take("target", str) or ""
    kind = entry.take("type", str) or ""
    where = f"{source}: "
    reason = _inexpressible(source, target, kind)
    if reason:
        made.remark(entry.line, f"left out: {source!s:.200}: {reason}")
        return
    made.reject(entry, _HANDLED, where, _ADVICE)
    _referrers(made, entry, where)
    wanted = texts_of(entry, "platforms") + texts_of(entry, "platform")
    platforms: tuple[Platform, ...] = ()
    for text in wanted:
        platform = platform_of(text)
        if platform is None:
            # Without it, other platforms would be copied than were meant.
            made.remark(
                entry.line, f"left out: {where}platform {text!r:.60} is not known"
            )
            return
        platforms += (platform,)
    if kind == "image":
        exact = ":" in target.rpartition("/")[2] or "@" in target
        target = target if exact else f"{target}:latest"
        image = JobImage(source, platforms=platforms, destination=target)
        made.add(entry.line, image)
        return
    sets = [section_of(entry, "tags")] if entry.get("tags") else []
    sets += _sections(entry, "tagSets")
    for tags in sets or [Section((), entry.line)]:
        made.reject(tags, ("allow", "deny", "semverRange"), f"{where}tags: ", {})
        allow, deny = (_bound(texts_of(tags, key)) for key in ("allow", "deny"))
        semver = " || ".join(texts_of(tags, "semverRange"))
        image = JobImage(
            source,
            every=not (allow or semver),
            regex=allow,
            exclude=deny,
            semver=semver,
            platforms=platforms,
            destination=target,
        )
        made.add(tags.line, image)


def _inexpressible(source: str, target: str, kind: str) -> str:
    """Why a step has no counterpart, or ""."""
    if not source or not target:
        return "it needs a source and a target"
    if "{{" in source + target:
        return "templates are not expanded"
    if "://" in source + target:
        return "only registries can be named"
    if kind == "registry":
        return "a whole registry cannot be stated, name its images"
    return "" if kind in ("image", "repository") else f"type {kind!r:.60} is not known"


def _bound(patterns: list[str]) -> str:
    """One pattern for several, each for the whole tag; "" if there is none."""
    if not patterns:
        return ""
    return f"^(?:{'|'.join(f'(?:{pattern})' for pattern in patterns)})$"
