"""The type of a figure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from snakedistill.core.network_ids import Network


@dataclass(frozen=True)
class Figure:
    """A figure of a run, of one picture or of several similar ones.

    Attributes:
        module: dotted name of the module that plots it. Its function `plot` takes the run, the paths to write (SVG and
            PNG) by subject, the run description, and settings by their names.
        pictures: from the networks of one seed by id to the file name of each picture, without suffix, by its subject.
        needs: names of the files of the run that it is plotted from.
        section: key of `summary.SECTIONS`, where the summary and the report show it.
        title: what a picture shows, in a few words; `{}` stands for its subject.
        caption: what it shows, for a reader of the report, in reStructuredText.
        settings: names of the settings that `plot` takes.
        shows_reference: whether it shows reference numbers where there are some.
        fewest_classes: the least number of classes for which it is plotted.
        runs_network: whether it needs the environment and the backend of a network.
    """

    module: str
    pictures: Callable[[Mapping[str, Network]], dict[str, str]]
    needs: tuple[str, ...]
    section: str
    title: str
    caption: str
    settings: tuple[str, ...] = ()
    shows_reference: bool = False
    fewest_classes: int = 2
    runs_network: bool = False


def one_picture(name: str) -> Callable[[Mapping[str, Network]], dict[str, str]]:
    """`pictures` of a figure of one picture."""
    return lambda networks: {"": name}
