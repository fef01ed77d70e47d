"""What `make demo` shows: real images, mirrored and carried in an archive, and proved.

Everything runs on loopback and in a temporary folder; nothing is left behind but the
packages that were downloaded (under ``build/``).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts.busybox import Images, build

ROOT = Path(__file__).resolve().parent.parent
HANGAR = [sys.executable, "-m", "hangar"]
ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


def main() -> None:
    """Run the demo; any failure ends it with a traceback."""
    images = build(ROOT / "build" / "busybox")
    with (
        tempfile.TemporaryDirectory(prefix="hangar-demo-") as name,
        registry() as source,
        registry() as destination,
        registry() as gapped,
    ):
        folder = Path(name)
        say(f"two registries: {source} (upstream) and {destination}")
        push(images, source)
        listed = [f"{source}/{image}" for image in images.tags]
        (folder / "images.txt").write_text("\n".join(["# the demo's images", *listed]))
        say("the list of images:", *listed)
        flags = ["-f", "images.txt", "-d", destination, "--tls-verify=false"]
        run(folder, "mirror", *flags)
        say("the same again: nothing to do")
        run(folder, "mirror", *flags)
        say("proof, with every byte read back:")
        run(folder, "mirror", "validate", *flags, "--deep")
        compare(images, source, destination)
        say(f"and through an archive, to a registry behind an air gap: {gapped}")
        lists = ["-f", "images.txt", "--tls-verify=false"]
        run(folder, "save", *lists, "-d", "images.zip")
        run(folder, "archive", "ls", "images.zip")
        run(folder, "archive", "verify", "images.zip")
        flags = ["-s", "images.zip", "-d", gapped, "--tls-verify=false"]
        run(folder, "load", *flags)
        run(folder, "load", "validate", *flags, "--deep")
        compare(images, source, gapped)


def compare(images: Images, source: str, destination: str) -> None:
    """Show the digests at both ends; end with exit status 1 if one differs."""
    say("digests at both ends, as plain HTTP tells them:")
    for image in images.tags:
        here, there = (digest(address, image) for address in (source, destination))
        mark = "same" if here == there else "DIFFERENT"
        print(f"  {image:24} {here[:23]}…  {there[:23]}…  {mark}")
        if here != there:
            sys.exit(1)


@contextlib.contextmanager
def registry() -> Iterator[str]:
    """Run an embedded registry in memory; yield its address."""
    command = [*HANGAR, "serve", "--addr", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline() if process.stderr else ""
            found = re.search(r"127\.0\.0\.1:\d+", line)
            if found is None:
                message = f"the registry did not start: {line}"
                raise RuntimeError(message)
            yield found[0]
        finally:
            process.terminate()


def push(images: Images, address: str) -> None:
    """Fill a registry, by plain HTTP."""
    for repository in {image.partition(":")[0] for image in images.tags}:
        base = f"http://{address}/v2/{repository}"
        for name, data in images.blobs.items():
            send("POST", f"{base}/blobs/uploads/?digest={name}", data)
        for name, (media_type, raw) in images.manifests.items():
            send("PUT", f"{base}/manifests/{name}", raw, media_type)
    for image, name in images.tags.items():
        repository, _, tag = image.partition(":")
        media_type, raw = images.manifests[name]
        url = f"http://{address}/v2/{repository}/manifests/{tag}"
        send("PUT", url, raw, media_type)


def send(
    method: str, url: str, body: bytes, kind: str = "application/octet-stream"
) -> None:
    """Send a request that must succeed."""
    request = urllib.request.Request(  # noqa: S310 - the scheme is ours
        url, body, {"Content-Type": kind}, method=method
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
        answer.read()


def digest(address: str, image: str) -> str:
    """Fetch a manifest by plain HTTP and hash it."""
    repository, _, tag = image.partition(":")
    request = urllib.request.Request(
        f"http://{address}/v2/{repository}/manifests/{tag}", headers={"Accept": ACCEPT}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
        return f"sha256:{hashlib.sha256(answer.read()).hexdigest()}"


def run(folder: Path, *arguments: str) -> None:
    """Show a command and run it."""
    print(f"\n$ hangar {' '.join(arguments)}", flush=True)
    subprocess.run([*HANGAR, *arguments], cwd=folder, check=True)


def say(*lines: str) -> None:
    """Tell what comes next."""
    print("", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
