"""Writer of `src/shelfmark/types.py`: the bodies and answers of the HTTP API, from the reviewed OpenAPI document.

`python scripts/write_types.py` writes the file, `--check` fails when it is not as it would be written. Only what the
methods of the client take and give is written, with everything that it consists of.
"""

from __future__ import annotations

import json
import keyword
import sys
import textwrap
from pathlib import Path
from typing import Any, Dict, List, Set

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parents[2] / "tests/it/snapshots/it__openapi__openapi.snap"
TARGET = HERE.parent / "src/shelfmark/types.py"
ROOTS = [
    "About", "Answer", "Appended", "BatchOut", "Boost", "Deployment", "DryRunOut", "EmbeddingsOut", "EventIn",
    "Exclusions", "Filter", "GroupBy", "Item", "ItemPatchBody", "ItemsOut", "ModelOut", "ModelsOut", "OperationOut",
    "Problem", "RankOut", "RecommendationsBody", "RecommendationsOut", "RecordsOut", "RollbackTargetBody", "SimilarOut",
    "UserOut", "UsersOut", "VersionManifest", "VersionsOut",
]
HEAD = '''"""Bodies and answers of the HTTP API. Written by scripts/write_types.py from the OpenAPI document."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict, Union

'''

Schema = Dict[str, Any]


def load() -> Dict[str, Schema]:
    text = DOCUMENT.read_text(encoding="utf-8")
    schemas: Dict[str, Schema] = json.loads(text[text.index("\n---\n") + 5 :])["components"]["schemas"]
    return schemas


def type_of(schema: Schema) -> str:
    """The Python type of a schema, as text."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "enum" in schema:
        return "Literal[" + ", ".join(json.dumps(value) for value in schema["enum"]) + "]"
    if "oneOf" in schema:
        return union([type_of(part) for part in schema["oneOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return union([type_of({**schema, "type": one}) for one in kind])
    if kind == "array":
        return f"List[{type_of(schema.get('items', {}))}]"
    if kind == "object" and "properties" not in schema:
        values = schema.get("additionalProperties")
        return f"Dict[str, {type_of(values) if isinstance(values, dict) else 'Any'}]"
    names = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
    return names.get(str(kind), "Dict[str, Any]" if kind == "object" else "Any")


def union(parts: List[str]) -> str:
    distinct = list(dict.fromkeys(parts))
    return distinct[0] if len(distinct) == 1 else "Union[" + ", ".join(distinct) + "]"


def flat(schema: Schema, schemas: Dict[str, Schema]) -> Schema:
    """An object whose parts (`allOf`) are joined."""
    if "allOf" not in schema:
        return schema
    joined: Schema = {"type": "object", "properties": {}, "required": [], "description": schema.get("description")}
    for part in schema["allOf"]:
        whole = flat(schemas[part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part, schemas)
        if "properties" not in whole:
            # One of several forms: which keys there are depends on it.
            return {"type": "object", "description": schema.get("description")}
        joined["properties"].update(whole.get("properties", {}))
        joined["required"] += whole.get("required", [])
    return joined


def doc(schema: Schema, indent: str) -> str:
    text = " ".join(str(schema.get("description") or "As in the OpenAPI document.").split()).replace("\\", "\\\\")
    lines = textwrap.wrap(text, 110 - len(indent))
    body = lines[0] if len(lines) == 1 else f"\n{indent}".join(lines) + f"\n{indent}"
    return f'{indent}"""{body}"""\n'


def written(name: str, schema: Schema) -> str:
    """The definition of a schema."""
    if schema.get("type") != "object" or "properties" not in schema:
        note = " ".join(str(schema.get("description", "")).split())
        comment = "".join(f"# {line}\n" for line in textwrap.wrap(note, 110))
        line = f"{name} = {type_of(schema)}"
        if len(line) > 110:
            head, _, inner = line.rstrip("]").partition("[")
            line = f"{head}[\n    " + "\n    ".join(textwrap.wrap(inner, 106)) + "\n]"
        return f"{comment}{line}\n\n\n"
    required = set(schema.get("required", []))
    fields = {key: type_of(value) for key, value in schema["properties"].items()}
    bases, text = [], ""
    for suffix, total, keep in (("Required", True, True), ("Optional", False, False)):
        words = {key: kind for key, kind in fields.items() if keyword.iskeyword(key) and (key in required) == keep}
        if words:
            listed = ", ".join(f'"{key}": "{kind}"' for key, kind in words.items())
            base = f"_{name}{suffix}Keywords"
            text += f'{base} = TypedDict(\n    "{base}", {{{listed}}}, total={total}\n)\n\n\n'
            bases.append(base)
    needed = {key: kind for key, kind in fields.items() if key in required and not keyword.iskeyword(key)}
    others = {key: kind for key, kind in fields.items() if key not in required and not keyword.iskeyword(key)}
    if needed and others:
        text += f"class _{name}Required({', '.join(bases) or 'TypedDict'}):\n"
        text += "".join(f"    {key}: {kind}\n" for key, kind in needed.items()) + "\n\n"
        bases = [f"_{name}Required"]
    rest = others or needed
    closing = ", total=False" if others or not needed else ""
    text += f"class {name}({', '.join(bases) or 'TypedDict'}{closing}):\n{doc(schema, '    ')}\n"
    return text + "".join(f"    {key}: {kind}\n" for key, kind in rest.items()) + "\n\n"


def mentioned(schema: Any) -> Set[str]:
    if isinstance(schema, list):
        return set().union(*(mentioned(part) for part in schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {str(schema["$ref"]).rsplit("/", 1)[1]} if isinstance(schema.get("$ref"), str) else set()
    return own.union(*(mentioned(value) for key, value in schema.items() if key not in ("example", "default")))


def module(schemas: Dict[str, Schema]) -> str:
    wanted: List[str] = []
    todo = list(ROOTS)
    while todo:
        name = todo.pop()
        if name not in wanted:
            schemas[name] = flat(schemas[name], schemas)
            wanted.append(name)
            todo += sorted(mentioned(schemas[name]))
    aliases = {name for name in wanted if "properties" not in schemas[name]}
    done: List[str] = []

    def place(name: str) -> None:
        # An alias is a value: what it names comes before it, as far as that is an alias, too.
        if name not in done:
            for other in sorted(mentioned(schemas[name]) & aliases - {name}):
                place(other)
            done.append(name)

    for name in sorted(aliases):
        place(name)
    # Classes that an alias names are quoted by the checker alone, so they come first where there are such.
    by_alias = {other for name in aliases for other in mentioned(schemas[name])} - aliases
    plain = [name for name in done if not mentioned(schemas[name]) - aliases]
    late = [name for name in done if name not in plain]
    classes = sorted(name for name in wanted if name not in aliases)
    order = plain + classes + late
    assert by_alias <= set(classes)
    return (HEAD + "".join(written(name, schemas[name]) for name in order)).rstrip() + "\n"


def main() -> int:
    text = module(load())
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET} is not as the OpenAPI document says: run {Path(__file__).name}", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
