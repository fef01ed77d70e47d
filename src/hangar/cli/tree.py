"""The tree of commands: names, aliases, summaries, and where each command lives.

Help and completion of names come from here alone, so a command's module is imported
only when the command is used. A further command is one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from hangar.cli.pflag import first_positional

if TYPE_CHECKING:  # a command knows its place in the tree
    from hangar.cli.command import Command


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as its parent's help shows it.

    Attributes:
        name: the word that names it.
        summary: one line for lists of commands; its own help begins with it.
        home: ``module:attribute`` below `hangar.cli`.
        aliases: further names.
        children: its sub-commands.
        hidden: whether lists of commands leave it out.
    """

    name: str
    summary: str
    home: str
    aliases: tuple[str, ...] = ()
    children: tuple[Entry, ...] = ()
    hidden: bool = False

    def load(self) -> Command:
        """Import the command."""
        module, _, attribute = self.home.partition(":")
        command: Command = getattr(import_module(f"hangar.cli.{module}"), attribute)
        return command

    def child(self, name: str) -> Entry | None:
        """The sub-command of that name or alias."""
        return next((c for c in self.children if name in (c.name, *c.aliases)), None)

    @property
    def visible(self) -> tuple[Entry, ...]:
        """The sub-commands that lists show, by name."""
        shown = (child for child in self.children if not child.hidden)
        return tuple(sorted(shown, key=lambda child: child.name))


ROOT = Entry(
    "hangar",
    "Carry container images to places without internet access.",
    "basics:hangar",
    children=(
        Entry(
            "archive",
            "Look at archives, make them, put them together, take them apart.",
            "archive:group",
            ("a",),
            (
                Entry("init", "Make empty archives.", "archive:init", ("i",)),
                Entry("ls", "List an archive's images.", "archive:ls", ("list",)),
                Entry(
                    "merge",
                    "Make one archive of several.",
                    "archive_copies:merge",
                    ("m",),
                ),
                Entry(
                    "export",
                    "Copy some images of an archive into a new one.",
                    "archive_copies:export",
                    ("e",),
                    (
                        Entry(
                            "file",
                            "Write a file that an archive holds.",
                            "archive_copies:export_file",
                            ("f",),
                        ),
                    ),
                ),
                Entry("repair", "Make an archive whole again.", "archive:repair"),
                Entry("rm", "Drop images from an archive.", "archive:rm"),
                Entry(
                    "store",
                    "Put charts and files into an archive.",
                    "store:group",
                    ("s",),
                    (
                        Entry(
                            "chart",
                            "Put Helm charts into an archive.",
                            "store:chart",
                            ("charts", "c"),
                        ),
                        Entry(
                            "file",
                            "Put files into an archive.",
                            "store:file",
                            ("files", "f"),
                        ),
                    ),
                ),
                Entry("verify", "Hash all that an archive holds.", "archive:verify"),
            ),
        ),
        Entry("completion", "Print a shell's completion script.", "completion:script"),
        Entry(
            "config",
            "Look at the configuration of registries.",
            "config:config",
            children=(
                Entry(
                    "show",
                    "Show what is configured about a registry, and where.",
                    "config:config_show",
                ),
            ),
        ),
        Entry(
            "convert-list",
            "Convert an image list to the mirror format.",
            "convert_list:convert_list",
        ),
        Entry("delete", "Delete an image from a registry.", "delete:delete"),
        Entry("help", "Show the help of a command.", "basics:show_help"),
        Entry(
            "inspect",
            "Show what an image is.",
            "inspect:inspect",
            ("i",),
            (
                Entry(
                    "list",
                    "Report the platforms of a list of images.",
                    "inspect_list:inspect_list",
                ),
            ),
        ),
        Entry("list-tags", "List the tags of an image.", "list_tags:list_tags"),
        Entry(
            "merge-manifest",
            "Make one multi-platform image of several images.",
            "merge_manifest:merge_manifest",
        ),
        Entry("login", "Log in to a registry.", "login:login"),
        Entry("logout", "Log out of a registry.", "logout:logout"),
        Entry(
            "mirror",
            "Copy images from registries to a registry.",
            "mirror:mirror",
            ("m",),
            (
                Entry(
                    "validate",
                    "Check that what was mirrored is whole.",
                    "mirror:validate",
                ),
            ),
        ),
        Entry(
            "load",
            "Copy images from an archive to a registry.",
            "load:load",
            ("l",),
            (
                Entry(
                    "validate",
                    "Check that what was loaded is whole.",
                    "load:validate",
                ),
            ),
        ),
        Entry(
            "save",
            "Save images into a new archive.",
            "save:save",
            ("s",),
            (
                Entry(
                    "validate",
                    "Check that an archive has what was saved.",
                    "save:validate_save",
                ),
            ),
        ),
        Entry(
            "sync",
            "Add images to an archive.",
            "save:sync",
            (),
            (
                Entry(
                    "validate",
                    "Check that an archive has what was added.",
                    "save:validate_sync",
                ),
            ),
        ),
        Entry("serve", "Run a registry.", "serve:serve"),
        Entry("version", "Show the version.", "basics:version"),
        Entry(
            "__complete",
            "Tell a shell how a command line may go on.",
            "completion:complete",
            hidden=True,
        ),
    ),
)


def path_to(names: Sequence[str]) -> tuple[Entry, ...]:
    """The commands from the root to the one of those names, aliases allowed.

    Raises:
        KeyError: there is none.
    """
    path = [ROOT]
    for name in names:
        child = path[-1].child(name)
        if child is None:
            raise KeyError(name)
        path.append(child)
    return tuple(path)


def find(arguments: Sequence[str]) -> tuple[tuple[Entry, ...], list[str]]:
    """Tell the commands from the root to the one meant from its arguments.

    Its name may stand behind options of the commands above it, which it shares.
    """
    path: tuple[Entry, ...] = (ROOT,)
    rest = list(arguments)
    while path[-1].children:
        options = path[-1].load().options
        position = first_positional(rest, options)
        child = path[-1].child(rest[position]) if position >= 0 else None
        if child is None:
            break
        path = (*path, child)
        del rest[position]
    return path, rest


def every_path(above: tuple[Entry, ...] = (ROOT,)) -> Iterator[tuple[Entry, ...]]:
    """The paths of all commands that are not hidden, parents first."""
    yield above
    for child in above[-1].visible:
        yield from every_path((*above, child))
