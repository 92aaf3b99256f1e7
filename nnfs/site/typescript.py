"""The page's types for a trace, made from the one schema that both sides keep: `python -m nnfs.site.typescript`.

It knows as much of JSON Schema as `nnfs/trace.schema.json` uses. What types cannot say (patterns, bounds, lengths)
is left to the reader of traces on either side.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nnfs import files
from nnfs.trace import SCHEMA

TARGET = SCHEMA.parents[1] / "interactive" / "src" / "core" / "trace-types.ts"
HEAD = "// Made from nnfs/trace.schema.json by `python -m nnfs.site.typescript`; a test checks that it is.\n"
PLAIN = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "null": "null"}


def interfaces(schema: dict[str, Any]) -> str:
    """One exported declaration for the schema, under its title, and one for each of its `$defs`."""
    named = {schema["title"]: schema, **schema.get("$defs", {})}
    return HEAD + "".join(f"\n{comment(part)}export {declaration(name, part)}\n" for name, part in named.items())


def comment(part: dict[str, Any], indent: str = "") -> str:
    return f"{indent}/** {part['description']} */\n" if "description" in part else ""


def declaration(name: str, part: dict[str, Any]) -> str:
    if "properties" not in part:
        return f"type {name} = {expression(part)};"
    lines = []
    for key, inner in part["properties"].items():
        optional = "" if key in part.get("required", []) else "?"
        lines.append(f"{comment(inner, '  ')}  readonly {key}{optional}: {expression(inner)};\n")
    return f"interface {name} {{\n{''.join(lines)}}}"


def expression(part: dict[str, Any]) -> str:
    """The type of one place. Raises KeyError for what this file does not know."""
    if "$ref" in part:
        return str(part["$ref"]).rpartition("/")[2]
    if "const" in part:
        return json.dumps(part["const"])
    if "enum" in part:
        return " | ".join(json.dumps(value) for value in part["enum"])
    if "anyOf" in part:
        return " | ".join(expression(one) for one in part["anyOf"])
    if part["type"] == "array":
        item = expression(part["items"])
        return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
    if part["type"] == "object":
        return f"Readonly<Record<string, {expression(part['additionalProperties'])}>>"
    return " | ".join(PLAIN[kind] for kind in ([part["type"]] if isinstance(part["type"], str) else part["type"]))


def text() -> str:
    """What the file should hold."""
    return interfaces(json.loads(SCHEMA.read_text(encoding="utf-8")))


def write(target: Path = TARGET) -> None:
    files.write_text(target, text())


if __name__ == "__main__":
    write()
