"""What tables, figures and the report show of a run, and of reference numbers beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from snakedistill.core.network_ids import TEACHER
from snakedistill.paper import PAPERS
from snakedistill.plan.code import settings_in, with_the_workflow
from snakedistill.plan.files import Files
from snakedistill.plan.networks import Plan
from snakedistill.results.figures import FIGURES
from snakedistill.results.presentation import Presentation
from snakedistill.results.reference import short_name
from snakedistill.results.run_description import describe_given_teacher, describe_run
from snakedistill.results.summary.sections import SECTIONS


@dataclass(frozen=True)
class Pages:
    """What is said of a run, and which pictures there are.

    Attributes:
        plan: the networks.
        files: the files.
    """

    plan: Plan
    files: Files

    @property
    def paper(self) -> ModuleType | None:
        """The paper, a client of the engine, if there is one."""
        name = self.plan.config["paper"]
        return PAPERS[name] if name else None

    @property
    def presentation(self) -> Presentation:
        """What the client adds to headings, captions and file names."""
        return self.paper.PRESENTATION if self.paper else Presentation()

    @property
    def reference(self) -> str | None:
        """The folder of the reference numbers, if there is one: the user's, else the paper's."""
        return self.plan.config["reference"] or (with_the_workflow("../reference") if self.paper else None)

    @property
    def reference_name(self) -> str | None:
        """The short name of the reference numbers."""
        given = self.plan.config["reference"]
        return short_name(given) if given else self.paper.NAME if self.paper else None

    @property
    def about_reference(self) -> str:
        """What the reference numbers are, in words: for the user's, where they are."""
        return self.plan.config["reference"] or self.presentation.about_reference

    def reference_of(self, table: str) -> str | None:
        """The file of a table's reference numbers, if there is one."""
        path = f"{self.reference}/{table}.csv"
        return path if self.reference and Path(path).is_file() else None

    @cached_property
    def described(self) -> dict[str, str]:
        """On what the results were measured, sentences by what they are about."""
        config, found = self.plan.config, {"run": describe_run(self.plan.config, self.plan.pixels_of_families)}
        if self.plan.given:
            found["teacher"] = describe_given_teacher(config["teacher"])
        if self.paper:
            found["deviations"] = self.paper.deviations_in_words(config, settings_in("../../presets/paper.yaml"))
        return found

    @cached_property
    def run(self) -> dict[str, Any]:
        """What tables and figures are made from, besides files, see `results.run.Run`."""
        plan = self.plan
        return {
            "results": plan.results,
            "lacking": self.files.lacking,
            "teachers": [name for name in plan.networks if name not in (*plan.students, *plan.probes.values())],
            "sources": {name: network.source for name, network in plan.networks.items()},
            "independent": {name: plan.independent_students(name) for name in plan.students},
            "classes": plan.config["classes"],
            "reference": self.reference_name,
            **({"probes": plan.probes} if plan.probes else {}),
        }

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that tables and figures take by name."""
        plan = self.plan
        return {
            "bin_width": plan.config["evaluation"]["bin_width"],
            "shown": plan.shown,
            "chooses": plan.chooses,
            "students": plan.config["students"],
            "seed": plan.first_seed,
            "recipes": {
                name: {"backbone": Path(plan.recipe(name)["backbone"]).stem, "image_size": plan.pixels(name).size}
                for name in (TEACHER, *plan.candidates)
                if name in plan.models
            },
            "choice": plan.config["choose"],
            "reference_rows": {} if plan.config["reference"] else dict(self.presentation.reference_rows),
        }

    def settings_for(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The settings that a table or a figure takes."""
        return {name: self.settings[name] for name in names}

    @property
    def headings(self) -> dict[str, str]:
        """The headings of the summary's sections."""
        return {key: self.presentation.headed(key, section.heading) for key, section in SECTIONS.items()}

    @cached_property
    def pictures(self) -> dict[str, Mapping[str, str]]:
        """The pictures of each figure by subject; none of a figure that needs a file or more classes than there are."""
        known, classes = self.files.known, len(self.plan.config["classes"])
        return {
            name: figure.pictures(self.plan.networks)
            if all(known[need] for need in figure.needs) and classes >= figure.fewest_classes
            else {}
            for name, figure in FIGURES.items()
        }

    @property
    def sections_of_pictures(self) -> dict[str, str]:
        """The section of each picture, by the name of its files without suffix."""
        return {
            self.presentation.numbered(picture): FIGURES[name].section
            for name, pictures in self.pictures.items()
            for picture in pictures.values()
        }

    @cached_property
    def chapters(self) -> dict[str, str]:
        """The chapters of the report, with their numbers, which it sorts as texts."""
        with_figures = {FIGURES[name].section for name, pictures in self.pictures.items() if pictures}
        titles = {
            "result": "Result",
            **{key: heading for key, heading in self.headings.items() if key in with_figures},
            "tables": "Tables",
        }
        digits = len(str(len(titles)))
        return {key: f"{number:0{digits}} {title}" for number, (key, title) in enumerate(titles.items(), start=1)}

    def files_of_picture(self, picture: str) -> list[str]:
        """The two files of a picture: SVG and PNG."""
        name = self.presentation.numbered(picture)
        return [f"{self.files.run}/figures/{name}.svg", f"{self.files.run}/figures/{name}.png"]

    def titles_of_pictures(self, figure: str) -> dict[str, str]:
        """The pictures of a figure and their titles in the report."""
        return {
            picture: self.presentation.titled(picture, FIGURES[figure].title.format(subject))
            for subject, picture in self.pictures[figure].items()
        }

    @property
    def captions_of_pictures(self) -> dict[str, tuple[str, str]]:
        """Title and caption of each picture, by the name of its files without suffix."""
        return {
            self.presentation.numbered(picture): (FIGURES[name].title.format(subject), FIGURES[name].caption)
            for name, pictures in self.pictures.items()
            for subject, picture in pictures.items()
        }

    def captioned(self, name: str, caption: str, about_reference: str = "") -> dict[str, Any]:
        """Params of what the report shows: run description and caption.

        Args:
            name: of a table or a figure.
            caption: what it shows.
            about_reference: a sentence for where there are reference numbers.
        """
        notes = [self.presentation.notes[name]] if name in self.presentation.notes else []
        notes += [about_reference] if self.reference_name and about_reference else []
        return {"run_description": self.described, "caption": " ".join([caption, *notes])}
