"""The networks of a run: which are trained, exported, timed, shown and shipped, and the recipe of each."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snakedistill.configuration import recipes
from snakedistill.core.lineage import training_settings
from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.core.parts import UNLABELLED
from snakedistill.core.pixels import Pixels
from snakedistill.core.settings import EACH
from snakedistill.export.forms import FORMS, PRECISIONS
from snakedistill.networks.backbones import is_saved
from snakedistill.results.lines import ancestors
from snakedistill.teaching import PROBE, STAGES, TEACHER_WAY, given, has_history, networks

_PROBED = ("backbone", "preprocessing", "image_size", "fit", "resample", "class_weights")
"""Keys of the recipe that determine a probe."""


@dataclass(frozen=True)
class Plan:
    """The networks of a run. Lists hold network ids, in the order of `networks`.

    Attributes:
        config: the checked configuration, with its inputs.
        given: how the teacher is given: `predictions`, `classifier`, or None where it is trained here.
        networks: all networks of one seed by id. All of them have predictions and an evaluation.
        trained: those that are trained here.
        models: those that have a model.
        means: means of others.
        probes: the probe beside each of the first networks that begin with ImageNet weights, by id: the same backbone
            as it is, with a head fitted to manual labels. Networks whose probes would be the same share one.
        students: trained networks that have a generation.
        see_unlabelled: students that train on images without a manual label too.
        shown: those that figures and sentences compare: the teacher and a student, see `shown_student`.
        timed_in_full: those whose time an image is measured in Keras and in every runtime, in every way: of `shown`
            those that have a model, and `timing.networks`.
        timed: those and, in their exported forms and one image at a time alone, the candidates.
        in_all_forms: those that are exported in every form: `timed_in_full` and `bundled`, but not a teacher that is
            not exported.
        exported: those that are exported, in the forms that are always written.
        candidates: those of which one is chosen: of the exported ones the first generation of every family.
        precisions: those in which each form is written, float32 first.
        forms: keys of `export.forms.FORMS`: the forms that are written.
        bundled: the network that is bundled and submitted or, where it is to be chosen, the candidates.
        shipped: those that classify photos and stand on the page: the teacher, if it is exported, and of `bundled`.
    """

    config: dict
    given: str | None
    networks: dict[str, Network]
    trained: Sequence[str]
    models: Sequence[str]
    means: Sequence[str]
    probes: dict[str, str]
    students: Sequence[str]
    see_unlabelled: Sequence[str]
    shown: Sequence[str]
    timed_in_full: Sequence[str]
    timed: Sequence[str]
    in_all_forms: Sequence[str]
    exported: Sequence[str]
    candidates: Sequence[str]
    precisions: tuple[str, ...]
    forms: tuple[str, ...]
    bundled: Sequence[str]
    shipped: Sequence[str]

    @property
    def results(self) -> list[tuple[int, str]]:
        """Seed and id of every network of every seed."""
        return [(seed, network) for seed in self.config["seeds"] for network in self.networks]

    @property
    def first_seed(self) -> int:
        """The seed whose networks are timed, shown and shipped."""
        return self.config["seeds"][0]

    @property
    def chooses(self) -> bool:
        """Whether the network that is bundled is the chosen one, which is known when the table `frontier` is."""
        return self.config["export"]["network"] is None

    @property
    def chains(self) -> dict[str, list[str]]:
        """The networks whose errors the gallery shows, by the student that may ship."""
        may_ship = self.candidates if self.chooses else ()
        return {student: self._chain(student) for student in (self.shown[1], *may_ship)}

    @property
    def in_gallery(self) -> list[str]:
        """The networks of `chains`."""
        return list(dict.fromkeys(itertools.chain(*self.chains.values())))

    def _chain(self, student: str) -> list[str]:
        """The shown teacher, what stands between it and a student, and every generation of that student's family."""
        before = ancestors(student, {name: network.source for name, network in self.networks.items()})
        family = [name for name in self.students if self.networks[name].family == self.networks[student].family]
        return list(dict.fromkeys([self.shown[0], *reversed(before), *family]))

    @property
    def splits_by_seed(self) -> bool:
        """Whether every training seed has an assignment of images to parts of its own."""
        return self.config["split"]["seed"] == EACH

    @property
    def histories(self) -> list[str]:
        """Ids of the networks that have a training run with at least one epoch."""
        return [name for name, network in self.networks.items() if has_history(network)]

    @property
    def drops_images(self) -> bool:
        """Whether images without a prediction of the given teacher are dropped, so that the split depends on them."""
        return self.given == "predictions" and self.config["teacher"]["missing"] == "drop"

    def forms_of(self, network: str) -> tuple[str, ...]:
        """The forms in which a network is exported, of the first seed."""
        if network not in self.exported:
            return ()
        return tuple(form for form in self.forms if FORMS[form].always or network in self.in_all_forms)

    @property
    def timed_forms(self) -> dict[str, tuple[str, ...]]:
        """The forms in which each timed network is timed."""
        return {network: tuple(form for form in self.forms_of(network) if FORMS[form].timed) for network in self.timed}

    @property
    def bundled_forms(self) -> tuple[str, ...]:
        """The forms that are in the bundle."""
        return tuple(form for form in self.forms if FORMS[form].bundled)

    @property
    def taught(self) -> dict[str, tuple[str, ...]]:
        """The entries of the registries of teaching that this run uses, for the code that it reaches."""
        trained = [self.networks[name] for name in self.trained]
        return {
            "WAYS": tuple(sorted({str(network.way) for network in trained})),
            "OPTIONS": tuple(sorted({name for network in trained for name, _ in network.options})),
        }

    def recipe(self, network: str) -> dict[str, Any]:
        """The training recipe of a network, without what is neutral."""
        return recipes.without_neutral(self._complete_recipe(network))

    def pixels(self, network: str) -> Pixels:
        """The pixels that a network takes."""
        return recipes.pixels(self._complete_recipe(network))

    def _complete_recipe(self, network: str) -> dict[str, Any]:
        """The recipe of a network; of a probe that of the family that it is named after."""
        return recipes.recipe(self.config, self.networks[network].family.removeprefix(f"{PROBE}-"))

    @property
    def pixels_of_families(self) -> dict[str, Pixels]:
        """The pixels that networks take, by family; the teacher is one, where it has a model."""
        return {self.networks[name].family: self.pixels(name) for name in self.models if name not in STAGES}

    @property
    def pixels_in_use(self) -> dict[str, Pixels]:
        """The pixels that networks take, by the name of the folder of their arrays."""
        found = map(self.pixels, self.models)
        return {pixels.folder: pixels for pixels in found}

    @property
    def activations(self) -> list[str]:
        """The first network on each kind of stored activations, which are named after it."""
        return list(dict.fromkeys(one for name in self.trained if (one := self.activations_of(name)) is not None))

    def activations_of(self, network: str) -> str | None:
        """The first network that trains on the activations on which this one does; None: it trains on images."""
        layers = self.frozen_layers(network)
        return next((name for name in self.trained if layers and self.frozen_layers(name) == layers), None)

    def frozen_layers(self, network: str) -> dict[str, Any] | None:
        """What determines the activations on which a network is trained; None: it is trained on images."""
        recipe = self.recipe(network)
        if recipe.get("frozen") is None:
            return None
        of_backbone = {key: recipe[key] for key in ("backbone", "weights", "preprocessing", "frozen")}
        return of_backbone | {"mirrored": recipe["augmentation"]["flip"], "pixels": self.pixels(network)}

    def gives_weights(self, network: str) -> str | None:
        """The source with whose weights a network begins; None: it begins with those of its backbone."""
        source = self.networks[network].source
        if source is None or "source_weights" not in self.options(network):
            return None
        alike = recipes.same_structure(self._complete_recipe(source), self._complete_recipe(network))
        return source if alike else None

    def options(self, network: str) -> dict[str, Any]:
        """The options of the way that a network is taught, settings by key of `teaching.OPTIONS`."""
        return dict(self.networks[network].options)

    def files_of_recipe(self, network: str) -> dict[str, str]:
        """The files of the user's that a recipe names, of the backbone and of its weights, by what they are."""
        recipe = self.recipe(network)
        found = {"backbone": recipe["backbone"]} if is_saved(recipe["backbone"]) else {}
        if recipe["weights"] not in (None, "imagenet"):
            found["weights"] = recipe["weights"]
        return found

    def settings(self, network: str) -> dict[str, Any]:
        """The settings that determine a network's model, as the model's lineage has them."""
        if network in self.trained:
            return training_settings(
                self.recipe(network),
                self.pixels(network).size,
                self.config["precision"],
                self.config["backend"],
                self.options(network),
            )
        recipe = self.recipe(network)
        used = {key: recipe[key] for key in ("preprocessing", "fit", "resample") if key in recipe}
        return {"image_size": self.pixels(network).size} | used

    def independent_students(self, network: str) -> list[str]:
        """Students of a network's recipe that learn from manual labels alone."""
        return [
            name
            for name in self.students
            if self.networks[name].source is None
            and self.networks[name].is_first
            and not self.networks[name].options
            and name != network
            and (self.recipe(name), self.pixels(name)) == (self.recipe(network), self.pixels(network))
        ]


def plan_networks(config: dict) -> Plan:
    """Plan the networks of a run.

    Args:
        config: the checked configuration, with its inputs.
    """
    how, export = given(config["teacher"]), config["export"]
    known = networks(config["students"], None if how else TEACHER_WAY)
    trained = [name for name, network in known.items() if network.way is not None]
    models = ([TEACHER] if how == "classifier" else []) + trained
    students = [name for name in trained if known[name].generation is not None]
    first = [name for name in students if known[name].is_first]
    shown = [TEACHER, shown_student(known, students, export["network"])]
    in_full = _of(models, config["timing"]["networks"], shown)
    leaving = models if export["teacher"] else [name for name in models if name != TEACHER]
    bundled = first if export["network"] is None else [export["network"]]
    in_all_forms = [name for name in leaving if name in (*in_full, *bundled)]
    exported = _of(leaving, export["networks"], in_all_forms)
    candidates = [name for name in first if name in exported]
    probes = _probes(config, [known[name] for name in trained if known[name].is_first and name not in STAGES])
    return Plan(
        config=config,
        given=how,
        networks=known | {probe: Network(probe) for probe in probes.values()},
        trained=trained,
        models=models,
        means=[name for name, network in known.items() if network.members],
        probes=probes,
        students=students,
        see_unlabelled=[name for name in students if UNLABELLED in dict(known[name].options)],
        shown=shown,
        timed_in_full=in_full,
        timed=[*in_full, *(name for name in candidates if name not in in_full)],
        in_all_forms=in_all_forms,
        exported=exported,
        candidates=candidates,
        precisions=PRECISIONS if export["int8"] else PRECISIONS[:1],
        forms=tuple(name for name, form in FORMS.items() if form.always or name in export["forms"]),
        bundled=bundled,
        shipped=[name for name in leaving if name in (TEACHER, *bundled)],
    )


def _probes(config: dict, firsts: Sequence[Network]) -> dict[str, str]:
    """See `Plan.probes`; a probe is named after the family of the first network beside it."""
    found: dict[str, str] = {}
    by_recipe: dict[tuple, str] = {}
    for network in firsts:
        recipe = recipes.recipe(config, network.family)
        if recipe["weights"] == "imagenet":
            determined_by = tuple(recipe[key] for key in _PROBED)
            found[network.id] = by_recipe.setdefault(determined_by, f"{PROBE}-{network.family}")
    return found


def _of(models: Sequence[str], asked: Sequence[str], others: Sequence[str]) -> list[str]:
    """The networks with a model that are asked for, `all` or a list, and others."""
    return [name for name in models if asked == "all" or name in (*asked, *others)]


def shown_student(known: Mapping[str, Network], students: Sequence[str], bundled: str | None) -> str:
    """The student that stands beside the teacher: the first generation of the bundled network's family.

    Where the bundled network is no student it is the first student; where it is to be chosen, the first one that has a
    source of labels, if there is one.

    Args:
        known: networks by id.
        students: ids of the students.
        bundled: id of the network that is bundled, `export.network`.
    """
    if bundled is None:
        return next((name for name in students if known[name].source is not None), students[0])
    return Network(known[bundled].family, 0).id if bundled in students else students[0]
