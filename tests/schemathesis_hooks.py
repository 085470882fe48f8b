"""Serializer of ndjson bodies for schemathesis."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    values = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(line).encode() for line in values)
