"""The paper, a client of the engine: its claims, its figure and section numbers, and Kaggle's submission."""

from types import ModuleType

from snakedistill.paper import biryukova

PAPERS: dict[str, ModuleType] = {
    "biryukova": biryukova,
}
"""The papers by name, the value of `paper:` in the configuration."""
