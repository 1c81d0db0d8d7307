"""What editors and readers need of the configuration's types: a JSON schema and the reference page of the docs."""

import json
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic.fields import FieldInfo

from snakedistill.configuration.messages import expected_value
from snakedistill.configuration.types import Config, Student
from snakedistill.core.settings import Section
from snakedistill.results.summary.cells import markdown

_OF_PYDANTIC_ALONE = ("required", "default", "title", "expected")


def json_schema() -> str:
    """The JSON schema of a configuration file, for editors. No key is required, because a file may be an overlay."""
    schema = Config.model_json_schema()
    family = {"anyOf": [{"$ref": "#/$defs/Family"}, {"type": "null"}]}
    schema["properties"]["students"] = {
        "type": "object",
        "description": schema["properties"]["students"]["description"],
        "additionalProperties": family,
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | _stripped(schema), indent=2, ensure_ascii=False) + "\n"


def reference_page(sample: dict, paper: dict) -> str:
    """The page of the docs that has every key, in Markdown.

    Args:
        sample: the settings of `config.yaml`.
        paper: those of `presets/paper.yaml`, which may lack keys.
    """
    page = [_HEAD, _table(Config, sample, paper)]
    for name, field in Config.model_fields.items():
        if name != "students" and (section := _section(field)):
            page += [f"## {name}", _sentence(field.description)]
            page += [_table(section, sample[name] or {}, paper.get(name, {}))]
    family = "Each family has these keys, and those keys of `student` that differ for it."
    page += [
        "## students",
        f"{_sentence(Config.model_fields['students'].description)} {family}",
        _table(Student, {}, {}),
    ]
    return "\n\n".join(page) + "\n"


_HEAD = """# Configuration

`config.yaml` has every key, with the values of the sample run. A file given with `--configfile` has the keys that
differ: mappings are merged key by key, lists are replaced as a whole, and `null` drops a family of students. *Sample*
is the value of `config.yaml`, *paper* that of `presets/paper.yaml`, where it has one.

`make reference` writes this page, and `workflow/schemas/config.schema.json` for editors, from the types in
`workflow/scripts/snakedistill/configuration/types.py`."""


def _table(model: type[Section], sample: dict, paper: dict) -> str:
    """The keys of a mapping; mappings in it are expanded, those of the whole configuration are links."""
    lines: list[list] = []
    for name, field in model.model_fields.items():
        section = _section(field)
        if model is Config and (section or name == "students"):
            null = " or null" if type(None) in get_args(field.annotation) else ""
            lines.append([f"[`{name}`](#{name})", field.description, f"a mapping{null}", "", ""])
        elif section:
            inner = [of.get(name, {}) for of in (sample, paper)]
            lines += [_row(f"{name}.", key, one, *inner) for key, one in section.model_fields.items()]
        else:
            lines.append(_row("", name, field, sample, paper))
    return markdown(["key", "what it sets", "expected", "sample", "paper"], lines, "lllll")


def _row(prefix: str, name: str, field: FieldInfo, *settings: dict) -> list:
    values = [f"`{_yaml(of[name])}`" if name in of else "" for of in settings]
    return [f"`{prefix}{name}`", field.description, expected_value(field), *values]


def _section(field: FieldInfo) -> type[Section] | None:
    """The mapping that a key is, that it may be, or that each of its values is; None of another value."""
    types = field.annotation, *get_args(field.annotation)
    return next((one for one in types if isinstance(one, type) and issubclass(one, Section)), None)


def _yaml(value: object) -> str:
    """A value as a YAML file has it."""
    return yaml.safe_dump(value, default_flow_style=True).split("\n")[0]


def _sentence(text: str | None) -> str:
    assert text  # every key is described
    return f"{text[0].upper()}{text[1:]}."


def _stripped(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_stripped(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    properties = {name: _stripped(one) for name, one in schema.get("properties", {}).items()}
    others = {
        key: _stripped(value) for key, value in schema.items() if key not in _OF_PYDANTIC_ALONE and key != "properties"
    }
    return others | ({"properties": properties} if properties else {})


if __name__ == "__main__":
    ours, theirs = (yaml.safe_load(Path(file).read_text("utf-8")) for file in ("config.yaml", "presets/paper.yaml"))
    Path("workflow/schemas/config.schema.json").write_text(json_schema(), "utf-8")
    Path("docs/configuration.md").write_text(reference_page(ours, theirs), "utf-8")
