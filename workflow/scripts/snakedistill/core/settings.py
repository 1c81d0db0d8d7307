"""Types of which the configuration is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, JsonValue
from pydantic_core import CoreSchema, core_schema

EACH = "each"
"""The `split.seed` with which every training seed assigns the images to parts anew."""


class Section(BaseModel):
    """A mapping of the configuration, in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False, regex_engine="python-re")


@dataclass(frozen=True, eq=False)
class OneOf:
    """Annotates a text that must be a name in a dictionary, which may grow after the type is made."""

    known: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.known)}

    def _checked(self, name: str) -> str:
        if name not in self.known:
            raise ValueError
        return name


def null_from_text(value: object) -> object:
    """None for "null": Snakemake passes nested values of the command line on as text."""
    return None if value == "null" else value


def different(values: list) -> list:
    """The values, if no two are equal.

    Raises:
        ValueError: two are equal.
    """
    if len(set(values)) != len(values):
        raise ValueError
    return values


def words(expected: str) -> dict[str, JsonValue]:
    """What a value must be, in words, where the JSON schema of its type says it in signs."""
    return {"expected": expected}


def _not_a_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError
    return value


Whole = Annotated[int, BeforeValidator(_not_a_switch)]
Number = Annotated[float, BeforeValidator(_not_a_switch)]
NullOrNumber = BeforeValidator(lambda value: null_from_text(_not_a_switch(value)))
PathOrNull = Annotated[str | None, BeforeValidator(null_from_text)]
