"""Errors of the configuration in words."""

from typing import Annotated

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from snakedistill.configuration.types import Config, Family
from snakedistill.core.errors import nearest
from snakedistill.core.settings import Section


def explained(error: ErrorDetails) -> str:
    """One error of pydantic in words."""
    path = [str(part) for part in error["loc"]]
    if path[-1] == "[key]":  # the name of a family
        path = path[:-2]
    while path[-1].isdecimal():  # an element of a list
        path.pop()
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        return f"{name}: unknown key{_nearest_key(path)}"
    within = None if _model(path) else _model(path[:-1])
    field = within.model_fields[path[-1]] if within else None
    expected = expected_value(field) if field else "a mapping"
    if error["type"] == "missing":
        return f"{name}: missing, expected {expected}"
    schemas = [] if field is None or field.json_schema_extra else _schemas(field)
    options = [option for schema in schemas for option in schema.get("enum", [])]
    return f"{name}: expected {expected}, got {_shown(error['input'])}{nearest(error['input'], options)}"


def _nearest_key(path: list[str]) -> str:
    """Which key may have been meant by an unknown one, or which keys are known there."""
    model = _model(path[:-1])
    siblings = list(model.model_fields) if model else []
    for key in siblings:
        inner = _model([*path[:-1], key])
        if inner is not None and path[-1] in inner.model_fields:
            return f"; did you mean {'.'.join([*path[:-1], key, path[-1]])}?"
    return nearest(path[-1], siblings) or f"; known keys are {', '.join(siblings)}"


def _model(path: list[str]) -> type[Section] | None:
    """The type of the mapping at a path, or None where no described mapping is."""
    model: type[Section] | None = Config
    for part in path:
        if model is None:  # the name of a family
            model = Family
            continue
        annotation = model.model_fields[part].annotation
        model = annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None
    return model


def expected_value(field: FieldInfo) -> str:
    """What a value must be, in words."""
    if field.json_schema_extra:
        assert isinstance(field.json_schema_extra, dict)
        return str(field.json_schema_extra["expected"])
    return " or ".join(map(_schema_in_words, _schemas(field)))


def _schemas(field: FieldInfo) -> list[dict]:
    """A JSON schema for each type that a value may have."""
    schema = TypeAdapter(Annotated[field.annotation, field]).json_schema()  # type: ignore[arg-type]  # a type, made here
    return schema.get("anyOf", [schema])


def _schema_in_words(schema: dict) -> str:
    """A JSON schema without parts, in words."""
    if "enum" in schema:
        *first, last = schema["enum"]
        return " or ".join(filter(None, (", ".join(first), last)))
    words = {"integer": "an integer", "number": "a number", "boolean": "true or false", "string": "text"}
    words["null"] = "null"
    bounds = {"minimum": "of at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    found = [f"{bound} {schema[key]:g}" for key, bound in bounds.items() if key in schema]
    return " ".join([words[schema["type"]], " and ".join(found)]).strip()


def _shown(value: object) -> str:
    """A value as a YAML file has it, text in quotation marks."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)
