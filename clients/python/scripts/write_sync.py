"""Writer of `src/shelfmark/_sync`: the client without `async`, from `src/shelfmark/_async`, word by word.

`python scripts/write_sync.py` writes the files, `--check` fails when one is not as it would be written.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src/shelfmark/_async"
TARGET = SOURCE.parent / "_sync"
WORDS = [
    (r"\basync def\b", "def"),
    (r"\bawait (?=\w)", ""),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\bimport asyncio\b", "import time"),
    (r"\bAsync(Api|Client|RecordsApi|Session)\b", r"\1"),
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\baclose\b", "close"),
]
HEAD = "# Written by scripts/write_sync.py from {}; do not edit.\n"


def without_async(text: str) -> str:
    # `httpx.AsyncClient` becomes `httpx.Client` by the same rule as ours.
    for pattern, word in WORDS:
        text = re.sub(pattern, word, text)
    return text


def main() -> int:
    stale = []
    for source in sorted(SOURCE.glob("*.py")):
        text = source.read_text(encoding="utf-8")
        if text:
            text = HEAD.format(f"_async/{source.name}") + without_async(text)
        target = TARGET / source.name
        if "--check" not in sys.argv[1:]:
            target.write_text(text, encoding="utf-8")
        elif not target.is_file() or target.read_text(encoding="utf-8") != text:
            stale.append(target)
    for target in stale:
        print(f"{target} is not as its source: run {Path(__file__).name}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
