"""Writes a wheel: the files of a list, and the metadata that pip reads.

    build_wheel.py OUT NAME VERSION TAG EPOCH METADATA < LIST

A line of LIST is the mode in octal, the file, and its name in the wheel, separated by tabs. Entries are sorted and have
one time, so equal files make an equal wheel. METADATA is a file with the fields after the version, and the description.
"""

import base64
import hashlib
import sys
import time
import zipfile
from pathlib import Path

ENTRY_POINTS = "[console_scripts]\nshelfmark = shelfmark_server:main\n"
REGULAR_FILE = 0o100000


def main() -> None:
    out, name, version, tag, epoch, metadata = sys.argv[1:]
    moment = time.gmtime(int(epoch))[:6]
    info = f"{name}-{version}.dist-info"
    contents = {}
    for line in sys.stdin.read().splitlines():
        mode, source, target = line.split("\t")
        contents[target] = (int(mode, 8), Path(source))
    texts = {
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{Path(metadata).read_text()}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: shelfmark\nRoot-Is-Purelib: false\nTag: {tag}\n",
        f"{info}/entry_points.txt": ENTRY_POINTS,
    }
    record = []

    def add(wheel: zipfile.ZipFile, target: str, mode: int, content: bytes) -> None:
        entry = zipfile.ZipInfo(target, moment)
        entry.create_system = 3
        entry.external_attr = (REGULAR_FILE | mode) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        wheel.writestr(entry, content, compresslevel=9)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record.append(f"{target},sha256={digest},{len(content)}\n")

    with zipfile.ZipFile(Path(out) / f"{name}-{version}-{tag}.whl", "w") as wheel:
        for target, (mode, source) in sorted(contents.items()):
            add(wheel, target, mode, source.read_bytes())
        # The metadata comes last, as the format advises.
        for target, text in sorted(texts.items()):
            add(wheel, target, 0o644, text.encode())
        record.append(f"{info}/RECORD,,\n")
        add(wheel, f"{info}/RECORD", 0o644, "".join(record).encode())


main()
