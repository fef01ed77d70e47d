"""Files of image-syncer: rules by themselves, or below ``images`` beside ``auth``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hangar.jobs.foreign import Translation, section_of, texts_of
from hangar.jobs.job import JobImage
from hangar.strict import Section

_ALL = ()
"""Platforms: which ones are wanted, its command line says, and not the file."""


def is_image_syncer(top: Section) -> bool:
    """Tell whether a file is one of these: sources, and where each of them goes."""
    rules = top.get("images", top)
    return (
        isinstance(rules, Section)
        and bool(rules)
        and all(isinstance(value, str | list) for value in rules.values())
    )


def translate(top: Section) -> Translation:
    """Make entries of a job file of it.

    Raises:
        ValueError: it is not such a file.
    """
    if not is_image_syncer(top):
        top.refuse("expected sources, each with a destination or a list of them")
    made = Translation()
    rules = top
    if isinstance(top.get("images"), Section):
        rules = section_of(top, "images")
        made.reject(top, ("images", "auth"), "", {})
        auth = section_of(top, "auth")
        for registry in auth:
            text = f"auth of {registry:.200} is not taken over: use 'hangar login'"
            made.remark(auth.line_of(registry), text)
    for source in rules:
        line = rules.line_of(source)
        for target in dict.fromkeys(texts_of(rules, source)):
            if "$" in target:
                made.remark(
                    line, f"left out: {source} to {target}: variables are not expanded"
                )
                continue
            if not target:
                made.remark(line, f"{source}: no destination: --destination decides")
            for image in _rule(source, target):
                made.add(line, image)
        if not texts_of(rules, source):
            made.remark(line, f"left out: {source}: it goes nowhere")
    return made


def _rule(source: str, target: str) -> Iterator[JobImage]:
    """The entries that one rule becomes; one that has several tags may be several."""
    name, tags, digest, regex = _parted(source)
    place, new_tags, _, _ = _parted(target) if target else ("", (), "", "")
    every = not (tags or digest or regex)
    image = JobImage(
        f"{name}@{digest}" if digest else name,
        tags=tags,
        every=every,
        regex=regex,
        platforms=_ALL,
        destination=place,
    )
    if not new_tags:
        yield image
    elif digest and len(new_tags) == 1:
        yield replace(image, destination=f"{place}:{new_tags[0]}")
    elif len(tags) == len(new_tags):
        for tag, new in zip(tags, new_tags, strict=True):
            yield replace(image, tags=(tag,), destination=f"{place}:{new}")
    else:  # for what is in doubt, the entry's own check says what is wrong
        yield replace(image, destination=target)


def _parted(name: str) -> tuple[str, tuple[str, ...], str, str]:
    """Repository, tags, digest and regular expression of a name."""
    repository, _, pattern = name.partition(":/")
    if pattern.endswith("/"):
        return repository, (), "", pattern[:-1]
    repository, _, digest = name.partition("@")
    path, slash, last = repository.rpartition("/")
    last, _, tags = last.partition(":")
    return f"{path}{slash}{last}", tuple(filter(None, tags.split(","))), digest, ""
