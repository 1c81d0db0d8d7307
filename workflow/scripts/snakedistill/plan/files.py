"""Where the files of a run are: patterns with the wildcards `seed` and `network`, and lists of what tables need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from snakedistill.core.by_image import suffix
from snakedistill.core.lineage import lineage_file
from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.core.parts import PARTS, TEST, TRAIN, UNLABELLED, VALIDATION
from snakedistill.export.forms import FORMS, files_of_form
from snakedistill.plan.networks import Plan
from snakedistill.results.tables import TABLES
from snakedistill.teaching import made_from, source_of_views

WEIGHTS = "results/weights/{backbone}-imagenet-notop.h5"
"""Fetched ImageNet weights, which all runs share; a pattern with the wildcard `backbone`."""


@dataclass(frozen=True)
class Files:
    """The files of a run. A pattern has `{seed}` and `{network}` in it, as a rule has its wildcards.

    Attributes:
        plan: the networks.
    """

    plan: Plan

    @property
    def run(self) -> str:
        """The folder of the run."""
        return f"results/{self.plan.config['run']}"

    @property
    def seed(self) -> str:
        """The folder of a seed, a pattern."""
        return f"{self.run}/seed-{{seed}}"

    @property
    def sample(self) -> str:
        """The built-in sample, an archive."""
        return f"{self.run}/data/sample.zip"

    @property
    def of_split(self) -> str:
        """The folder of what depends on the split alone: of the run, or where each seed has its own, a pattern."""
        return self.seed if self.plan.splits_by_seed else self.run

    @property
    def splits(self) -> str:
        """The split of the images; of each seed a pattern, as those that follow."""
        return f"{self.of_split}/data/splits.csv"

    @property
    def copies(self) -> str:
        """The images that are copies of one another."""
        return f"{self.of_split}/data/copies.csv"

    @property
    def rejected(self) -> str:
        """The files and images that are not used."""
        return f"{self.of_split}/data/rejected.csv"

    @property
    def counts(self) -> str:
        """The number of images by class and part."""
        return f"{self.of_split}/data/counts.csv"

    @property
    def arrays(self) -> dict[str, str]:
        """The images of every part and those without a manual label, as arrays, patterns with the wildcard `pixels`."""
        folders = dict.fromkeys(PARTS, self.of_split) | {UNLABELLED: self.run}
        return {part: f"{folder}/data/images/{{pixels}}/{part}.npy" for part, folder in folders.items()}

    @property
    def activations(self) -> dict[str, str]:
        """What frozen layers make of the images, of the parts to train on, patterns with the wildcard `activations`."""
        folder = f"{self.of_split}/data/activations/{{activations}}"
        return {part: f"{folder}/{part}.npy" for part in (TRAIN, VALIDATION)}

    @property
    def unlabelled_list(self) -> str:
        """The images without a manual label, as a list."""
        return f"{self.run}/data/{UNLABELLED}.csv"

    @property
    def model(self) -> str:
        """A network's Keras model, a pattern."""
        return f"{self.seed}/models/{{network}}.keras"

    @property
    def history(self) -> str:
        """The history of a training run, a pattern."""
        return f"{self.seed}/history/{{network}}.csv"

    @property
    def evaluation(self) -> str:
        """A network's evaluation, a pattern."""
        return f"{self.seed}/evaluation/{{network}}.csv"

    @property
    def predictions(self) -> dict[str, str]:
        """A network's predictions of every part, patterns."""
        return {part: self._by_image(f"predictions/{{network}}/{part}") for part in PARTS}

    def written_by_training(self, network: str) -> dict[str, str | list[str]]:
        """What a training run writes, for a network or a wildcard in braces: patterns, by what they are."""
        model, history = (path.format(seed="{seed}", network=network) for path in (self.model, self.history))
        return {"model": model, "history": history, "model_lineage": lineages([model]), **self.predictions_of(network)}

    def predictions_of(self, network: str) -> dict[str, str | list[str]]:
        """A network's predictions of every part, and their lineage, for a network or a wildcard in braces: patterns."""
        found = {part: path.format(seed="{seed}", network=network) for part, path in self.predictions.items()}
        return {**found, "lineage": lineages(found.values())}

    @property
    def augmented(self) -> str:
        """A network's predictions of augmented test images, a pattern."""
        return self._by_image("predictions/{network}/augmented")

    @property
    def labels(self) -> str:
        """What a network trains on, a pattern."""
        return self._by_image("labels/{network}")

    @property
    def unlabelled_predictions(self) -> str:
        """A network's predictions of the images without a manual label, a pattern."""
        return self._by_image(f"predictions/{{network}}/{UNLABELLED}")

    @property
    def unlabelled_labels(self) -> str:
        """What a network trains on of the images without a manual label, a pattern."""
        return self._by_image(f"labels/{UNLABELLED}/{{network}}")

    @property
    def model_card(self) -> str:
        """A network's model card, a pattern."""
        return f"{self.seed}/cards/{{network}}.md"

    def array(self, part: str, network: str, seed: int | str) -> str:
        """The images of a part, or those without a manual label, with the pixels that a network takes."""
        return self.arrays[part].format(pixels=self.plan.pixels(network).folder, seed=seed)

    def images(self, network: str, seed: int | str) -> dict[str, str]:
        """The images of every part with the pixels that a network takes."""
        return {part: self.array(part, network, seed) for part in PARTS}

    def of_first_seed(self, pattern: str) -> str:
        """A file of the first seed, from a pattern with no other wildcard, or the one file of all seeds."""
        return pattern.format(seed=self.plan.first_seed)

    def by_split(self, pattern: str) -> str | list[str]:
        """The file of all seeds, or where each seed has a split of its own, one of each."""
        seeds = self.plan.config["seeds"]
        return [pattern.format(seed=seed) for seed in seeds] if self.plan.splits_by_seed else pattern

    def _by_image(self, path: str) -> str:
        """A file with numbers of each image and class: text, or a NumPy archive where there are many classes."""
        return f"{self.seed}/{path}.{suffix(len(self.plan.config['classes']))}"

    def measurements(self, form: str) -> str:
        """What was measured of a network's export in a form, a pattern."""
        return f"{self.seed}/{form}/{{network}}.json"

    def model_of_first_seed(self, network: str) -> str:
        """A network's Keras model, of the first seed."""
        return self.model.format(seed=self.plan.first_seed, network=network)

    def form(self, form: str, network: str) -> dict[str, str]:
        """The files of a network in a form, of the first seed: by precision, and the measurements."""
        return {kind: path for kind, path in self._of_form(form, network).items() if kind != "answers"}

    def answers(self, form: str, network: str) -> str:
        """The answers of a network in a form, of the first seed."""
        return self._of_form(form, network)["answers"]

    def _of_form(self, form: str, network: str) -> dict[str, str]:
        return files_of_form(form, self.seed.format(seed=self.plan.first_seed), network, self.plan.precisions)

    def to_time(self) -> dict[str, str]:
        """The models that are timed, and the files of their exports, by names of the network, the form and the kind."""
        found = {f"{network}_keras": self.model_of_first_seed(network) for network in self.plan.timed_in_full}
        return found | {
            f"{network}_{form}_{kind}": path
            for network, forms in self.plan.timed_forms.items()
            for form in forms
            for kind, path in self.form(form, network).items()
        }

    def to_bundle(self) -> dict[str, str]:
        """What may be bundled: exported files and measurements by network, form and kind, cards, and test images."""
        found = {
            f"{network}_{form}_{kind}": path
            for network in self.plan.bundled
            for form in self.plan.bundled_forms
            for kind, path in self.form(form, network).items()
        }
        for network in self.plan.bundled:
            found[f"{network}_card"] = self._model_card_of_first_seed(network)
            found[f"{network}_test_images"] = self.array(TEST, network, self.plan.first_seed)
        return found

    def _model_card_of_first_seed(self, network: str) -> str:
        """A network's model card, of the first seed."""
        return self.model_card.format(seed=self.plan.first_seed, network=network)

    @property
    def choice(self) -> list[str]:
        """The table that says which network is bundled; empty where the configuration names it."""
        return [self.tables["frontier"]] if self.plan.chooses else []

    @property
    def exports(self) -> list[str]:
        """The measurements of every export."""
        plan = self.plan
        found = []
        for form in plan.forms:
            if FORMS[form].always:
                found += self.of_all_seeds(self.measurements(form), plan.exported)
            else:
                found += [self.form(form, network)["measurements"] for network in plan.in_all_forms]
        return found

    @property
    def _compared(self) -> list[tuple[str, str]]:
        """Network and form of the exports of the teacher and the candidates, of the first seed."""
        networks = [TEACHER, *self.plan.candidates]
        return [(network, form) for network in networks for form in self.plan.forms_of(network)]

    def of_all_seeds(self, pattern: str, having: Iterable[str]) -> list[str]:
        """A file of each network that has one, of each seed."""
        networks = set(having)
        return [
            pattern.format(seed=seed, network=network) for seed, network in self.plan.results if network in networks
        ]

    @cached_property
    def of_networks(self) -> dict[str, tuple[str, Sequence[str]]]:
        """Files of networks by the names under which tables need them: patterns, and the networks that have one."""
        plan = self.plan
        return {
            **{part: (path, list(plan.networks)) for part, path in self.predictions.items()},
            "augmented": (self.augmented, plan.models),
            "labels": (self.labels, plan.trained),
            "histories": (self.history, plan.histories),
            "evaluations": (self.evaluation, list(plan.networks)),
        }

    @property
    def lacking(self) -> dict[str, list[str]]:
        """The networks that have no file, by what the files are."""
        return {
            name: [network for network in self.plan.networks if network not in having]
            for name, (_, having) in self.of_networks.items()
        }

    @property
    def timing(self) -> str:
        """How long the timed networks take."""
        return f"{self.run}/timing.csv"

    @property
    def tables(self) -> dict[str, str]:
        """The tables by name."""
        return {table: f"{self.run}/tables/{table}.csv" for table in TABLES}

    @cached_property
    def known(self) -> dict[str, str | list[str] | None]:
        """Files by the names under which tables and figures need them; None where there is none."""
        plan = self.plan
        return {
            **{name: self.of_all_seeds(*files) for name, files in self.of_networks.items()},
            "splits": self.by_split(self.splits),
            "test_images": (
                self.array(TEST, plan.shown[-1], plan.first_seed) if plan.config["summary"]["images"] else None
            ),
            "teacher_model": self.model_of_first_seed(TEACHER) if TEACHER in plan.models else None,
            "models": self.of_all_seeds(self.model, plan.models),
            "measurements": self.of_all_seeds(self.measurements("onnx"), plan.exported),
            "form_measurements": [self.form(form, network)["measurements"] for network, form in self._compared],
            "form_answers": [self.answers(form, network) for network, form in self._compared],
            "model_cards": self.of_all_seeds(self.model_card, plan.exported),
            "measured": f"{self.run}/timing.json",
            "seconds": self.timing,
            **self.tables,
        }

    def needed(self, names: Iterable[str]) -> dict[str, str | list[str] | None]:
        """Files by the names under which a table or a figure needs them, and the lineage of those that have one."""
        known, names = self.known, list(names)
        with_lineage = [name for name in names if name in (*PARTS, "augmented", "labels")]
        lineage = lineages(path for name in with_lineage for path in known[name] or ())
        return {name: known[name] for name in names} | ({"lineage": lineage} if lineage else {})

    def for_gallery(self) -> dict[str, str | list[str]]:
        """The test images, and what networks of the gallery answer to them, of the first seed; empty without images."""
        plan = self.plan
        if not plan.config["summary"]["images"]:
            return {}
        path = self.predictions[TEST]
        answers = [path.format(seed=plan.first_seed, network=network) for network in plan.in_gallery]
        images, splits = self.array(TEST, plan.shown[-1], plan.first_seed), self.of_first_seed(self.splits)
        of_networks = {TEST: answers, "lineage": lineages(answers), "choice": self.choice}
        return {"splits": splits, "test_images": images, **of_networks}

    def for_labels(self, network: str, seed: int | str) -> dict[str, str | list[str]]:
        """The predictions from which a network's labels are made, by part, and their lineage, if there are any."""
        if (source := made_from(self.plan.networks[network])) is None:
            return {}
        files = {part: path.format(seed=seed, network=source) for part, path in self.predictions.items()}
        return files | {"lineage": lineages(files.values())}

    def for_unlabelled_labels(self, network: str, seed: int | str) -> dict[str, str | list[str]]:
        """The source's predictions of the images without a manual label, and their lineage."""
        source = made_from(self.plan.networks[network])
        path = self.unlabelled_predictions.format(seed=seed, network=source)
        return {UNLABELLED: path, "lineage": lineages([path])}

    def of_members(self, mean: str, seed: int | str) -> dict[str, list[str]]:
        """The predictions of the networks of which one is the mean, by part, and their lineage."""
        members = self.plan.networks[mean].members
        files = {
            part: [path.format(seed=seed, network=network) for network in members]
            for part, path in self.predictions.items()
        }
        return files | {"lineage": lineages(path for of_part in files.values() for path in of_part)}

    def teacher_labels(self, network: str, seed: int | str) -> dict[str, str | list[str]]:
        """The teacher's labels, of the kind a network was trained on, and their lineage; empty without a source."""
        one = self.plan.networks[network]
        if one.source is None:
            return {}
        labels = self.labels.format(seed=seed, network=Network(one.family, 0).id)
        return {"teacher_labels": labels, "teacher_lineage": lineages([labels])}

    def own_labels(self, network: str, seed: int | str) -> dict[str, str]:
        """The labels that a network was trained on; empty of one that was not trained here."""
        trained = network in self.plan.trained
        return {"own_labels": self.labels.format(seed=seed, network=network)} if trained else {}

    def for_model_card(self, network: str, seed: int | str) -> dict[str, str]:
        """The measurements of a network's export, its time, and the choice, as far as they are about this network."""
        of_first = int(seed) == self.plan.first_seed
        forms = [form for form in self.plan.forms_of(network) if of_first or FORMS[form].always]
        found = {
            form: self.measurements(form).format(seed=seed, network=network) for form in forms if FORMS[form].carded
        }
        if of_first and network in self.plan.timed:
            found["timing"] = self.timing
        if of_first and network in self.plan.candidates:
            found["frontier"] = self.tables["frontier"]
        return found

    def for_training(self, network: str, seed: int | str) -> dict[str, str | list[str]]:
        """What a network is trained from: images, activations, labels, weights, and its source.

        The source's images, `source_PART`, are there where they have other pixels than the network's.
        """
        plan, labels = self.plan, self.labels.format(seed=seed, network=network)
        found: dict[str, str | list[str]] = {"labels": labels, "lineage": lineages([labels])}
        found |= self.images(network, seed)
        if (first := plan.activations_of(network)) is not None:
            stored = self.activations.items()
            found |= {f"activations_{part}": path.format(activations=first, seed=seed) for part, path in stored}
        found |= self._fetched_weights(network)
        if (source := source_of_views(plan.networks[network])) is not None:
            model = self.model.format(seed=seed, network=source)
            found |= {"source_model": model, "source_lineage": lineages([model])}
            if plan.pixels(source) != plan.pixels(network):
                parts = (TRAIN, *([UNLABELLED] if network in plan.see_unlabelled else []))
                found |= {f"source_{part}": self.array(part, source, seed) for part in parts}
        if (source := plan.gives_weights(network)) is not None:
            model = self.model.format(seed=seed, network=source)
            found |= {"initial": model, "initial_lineage": lineages([model])}
        if network in plan.see_unlabelled:
            labels = self.unlabelled_labels.format(seed=seed, network=network)
            found |= {"unlabelled_images": self.array(UNLABELLED, network, seed), "unlabelled_labels": labels}
            found |= {"unlabelled_lineage": lineages([labels])}
        return found

    def for_activations(self, first: str, seed: int | str) -> dict[str, str]:
        """What activations are made from, by the first network on them: images, and fetched weights."""
        found = self.of_frozen_backbone(first, seed)
        return {name: path for name, path in found.items() if name != TEST}

    def of_frozen_backbone(self, network: str, seed: int | str) -> dict[str, str]:
        """The images of every part with the pixels that a network takes, and the fetched weights of its backbone."""
        return self.images(network, seed) | self._fetched_weights(network)

    def _fetched_weights(self, network: str) -> dict[str, str]:
        """The fetched weights of a network's backbone; empty where it has others."""
        recipe = self.plan.recipe(network)
        return {"weights": WEIGHTS.format(backbone=recipe["backbone"])} if recipe["weights"] == "imagenet" else {}

    def of_probe(self) -> dict[str, list[str]]:
        """What is written of a probe, for each seed of a split: patterns with the wildcard `probe`.

        The same head is fitted for all seeds of a split; where each seed has its own, `seed` is a wildcard too.
        """
        patterns = self.predictions | {"evaluation": self.evaluation}
        seeds = ["{seed}"] if self.plan.splits_by_seed else self.plan.config["seeds"]
        found = {name: [path.format(seed=seed, network="{probe}") for seed in seeds] for name, path in patterns.items()}
        return found | {"lineage": lineages(path for part in PARTS for path in found[part])}

    def packed(self) -> dict[str, str]:
        """The labels and histories of all networks, by the names that they have in an artefact."""
        found = {}
        for folder, name in (("labels", "labels"), ("history", "histories")):
            pattern, having = self.of_networks[name]
            for seed, network in self.plan.results:
                if network in having:
                    path = Path(pattern.format(seed=seed, network=network))
                    found[f"{folder}/seed-{seed}/{path.name}"] = str(path)
        return found


def lineages(files: Iterable[str]) -> list[str]:
    """The files beside others that say what these were made from."""
    return [str(lineage_file(file)) for file in files]
