"""Collects the licences of what the program contains.

    licences.py METADATA LINKED CONSOLE OUT

METADATA is the answer of `cargo metadata`, LINKED the list of `cargo tree`, CONSOLE the folder of the web console with
its `node_modules`. Writes OUT/rust-crates.txt and OUT/console.txt. Equal texts are written once, with all that have it.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|copyright|unlicense)", re.IGNORECASE)
TEXT_BYTES_MAX = 200_000


def texts_in(folder: Path) -> list[str]:
    """The texts of the licences of a package."""
    files = (path for path in sorted(folder.iterdir()) if LICENCE_FILE.match(path.name) and path.is_file())
    files = (path for path in files if path.suffix.lower() not in {".rs", ".json", ".js"})
    return [path.read_text("utf-8", "replace").strip() for path in files if path.stat().st_size <= TEXT_BYTES_MAX]


def write(out: Path, title: str, packages: list[tuple[str, str, Path]]) -> None:
    """Writes the licences of packages, each a name with its version, a licence expression and a folder."""
    holders = defaultdict(list)
    lines = [title, ""]
    for name, licence, folder in packages:
        texts = texts_in(folder)
        lines.append(f"{name}: {licence}" + ("" if texts else " (the package has no text of its own)"))
        for text in texts:
            holders[text].append(name)
    for text, names in holders.items():
        lines += ["", "=" * 100, ", ".join(names), "=" * 100, "", text]
    out.write_text("\n".join(lines) + "\n", "utf-8")


def rust_crates(metadata: Path, linked: Path) -> list[tuple[str, str, Path]]:
    wanted = set()
    for line in linked.read_text().splitlines():
        name, version = line.split()[:2]
        wanted.add((name, version.removeprefix("v")))
    found = []
    for package in json.loads(metadata.read_text())["packages"]:
        # Crates of the workspace have no source.
        if (package["name"], package["version"]) in wanted and package["source"]:
            folder = Path(package["manifest_path"]).parent
            licence = package["license"] or package["license_file"] or "see its text"
            found.append((f"{package['name']} {package['version']}", licence, folder))
    return sorted(found)


def console_packages(console: Path) -> list[tuple[str, str, Path]]:
    found = []
    for place, package in json.loads((console / "package-lock.json").read_text())["packages"].items():
        if place and not package.get("dev") and (console / place).is_dir():
            name = place.removeprefix("node_modules/")
            found.append((f"{name} {package['version']}", package.get("license", "see its text"), console / place))
    return sorted(found)


def main() -> None:
    metadata, linked, console, out = map(Path, sys.argv[1:])
    write(out / "rust-crates.txt", "Rust crates in the program", rust_crates(metadata, linked))
    write(out / "console.txt", "Packages in the web console", console_packages(console))


main()
