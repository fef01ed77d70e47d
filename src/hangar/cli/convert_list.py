"""``hangar convert-list``."""

from __future__ import annotations

import click

import hangar
from hangar import PROGRAMS, STANDARD_INPUT
from hangar.cli import files
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.lists import Listed
from hangar.cli.options import AUTO_YES
from hangar.cli.output import show
from hangar.cli.pflag import FileName
from hangar.cli.prompts import allow_writing

STANDARD_OUTPUT = "-"
LIST = "list"


@command(
    "convert-list",
    usage="-i IMAGE_LIST.txt [-o OUTPUT.txt] [flags]",
    examples="""
        # NAME:TAG becomes SOURCE DESTINATION TAG:
        hangar convert-list -i images.txt -o mirror.txt -d registry.example.com

        # A file of skopeo, regsync or image-syncer becomes a job file:
        hangar convert-list -i regsync.yaml -o job.yaml
        """,
)
@option(
    "-i",
    "--input",
    type=FileName(".txt", ".yaml", ".yml", ".json"),
    required=True,
    help="List to convert; '-' is standard input.",
)
@option(
    "--from",
    "form",
    type=click.Choice(("", LIST, *PROGRAMS)),
    metavar="FORMAT",
    help="Whose list it is: list, skopeo, regsync or image-syncer; by default, that is"
    " found out.",
)
@option(
    "-o",
    "--output",
    type=FileName(),
    help="File to write, by default INPUT.converted; '-' is standard output.",
)
@option(
    "-s",
    "--source",
    metavar="REGISTRY",
    help="Replaces the registry of every source.",
)
@option(
    "-d",
    "--destination",
    metavar="REGISTRY",
    help="Replaces the registry of every destination.",
)
@AUTO_YES
@click.pass_obj
def convert_list(
    console: Console,
    /,
    *,
    input: str,  # noqa: A002 - the option's name
    form: str,
    output: str,
    source: str,
    destination: str,
    auto_yes: bool,
) -> None:
    """Convert an image list to the mirror format.

    Lines that are in the mirror format already stay, but for the registries that are
    to be replaced. Files that 'skopeo sync', regsync and image-syncer read become job
    files. What cannot be converted is warned of.
    """
    text = hangar.read_text(input)
    program = form or hangar.program_of(input, text) or LIST
    if program == LIST:
        images = Listed.of(hangar.parse_list(text.split("\n")), mirrored=True)
        for remark in images.remarks(input):
            console.log(remark)
        made = hangar.mirror_list(images.wanted, source=source, destination=destination)
    else:
        made = hangar.job_file(
            text, program, name=input, source=source, destination=destination
        )
    for said in made.remarks:
        console.warn(said)
    read_from_pipe = input == STANDARD_INPUT
    name = output or (STANDARD_OUTPUT if read_from_pipe else f"{input}.converted")
    if name == STANDARD_OUTPUT:
        show(made.text, end="")
        return
    allow_writing(name, yes=auto_yes, listed=input)
    files.write(name, made.text)
    console.info(f'Converted "{input}" to "{name}"')
