"""Completes a list of components in CycloneDX: what is carried beside the crates, and no time or number of its own.

    sbom.py IN OUT EPOCH REQUIREMENT...

A REQUIREMENT is a Python package, `name==version`, of which a package carries files. The last one is Postgres, which a
package only asks for.
"""

import json
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path

# For the numbers of our lists, which are made from what they hold.
NAMESPACE = uuid.UUID("7f4cc1b2-6c0e-4c6c-8f5d-0a4f1b7c1f50")


def component(requirement: str, scope: str) -> dict[str, str]:
    name, version = requirement.split("==")
    purl = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "scope": scope, "purl": purl}


def without_paths(value: object) -> object:
    """Crates of the workspace are named by the folder that they were built in: that says nothing to others."""
    if isinstance(value, dict):
        return {key: without_paths(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_paths(inner) for inner in value]
    if isinstance(value, str) and value.startswith("path+file://"):
        return "workspace:" + value.split("/")[-1].replace("#", ":")
    if isinstance(value, str) and "?download_url=file:" in value:
        return value.split("?download_url=file:")[0]
    return value


def main() -> None:
    source, out, epoch, *requirements = sys.argv[1:]
    bom = without_paths(json.loads(Path(source).read_text()))
    *carried, postgres = requirements
    bom["components"] += [component(requirement, "required") for requirement in carried]
    bom["components"].append(component(postgres, "optional"))
    moment = datetime.fromtimestamp(int(epoch), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    bom["metadata"]["timestamp"] = moment
    bom.pop("serialNumber", None)
    number = uuid.uuid5(NAMESPACE, json.dumps(bom, sort_keys=True))
    text = json.dumps({"serialNumber": f"urn:uuid:{number}", **bom}, indent=1, sort_keys=True)
    Path(out).write_text(text + "\n")


main()
