"""The files of a run that tables and figures are made from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from snakedistill.core.files import read_csv
from snakedistill.core.lineage import read_predictions
from snakedistill.core.parts import PARTS
from snakedistill.results.answers import Answers, Audited

Files = dict[tuple[int, str], str]
"""One file of every network that has one: paths by (seed, network id)."""


@dataclass(frozen=True)
class Run:
    """What a table or a figure is made from.

    Attributes:
        results: seed and network id of every network, in the order of the files.
        classes: names; the position of a name is its label.
        files: paths by what they are: one path, or a list with one of every network that has one. `train`,
            `validation` and `test` are the predictions of the networks, a table's name is the table. `splits` is one
            path, or a list with one of each seed where each has a split of its own.
        reference: short name of the reference numbers beside the tables, or None.
        lacking: ids of the networks that have no file, by what the files are.
        teachers: ids of the networks that are no students.
        sources: id of the source of labels of each network, or None.
        independent: ids of the independent students beside each network: of the same recipe, without a source.
        probes: id of the probe beside a network, by the network's id.
        audited: predictions from elsewhere, in place of files of predictions and split; None for the run's own.
    """

    results: list[tuple[int, str]]
    classes: list[str]
    files: dict[str, str | list[str]]
    reference: str | None = None
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)
    teachers: Sequence[str] = ()
    sources: Mapping[str, str | None] = field(default_factory=dict)
    independent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    probes: Mapping[str, str] = field(default_factory=dict)
    audited: Audited | None = None

    @property
    def networks(self) -> list[str]:
        """The networks' ids, in their order."""
        return list(dict.fromkeys(network for _, network in self.results))

    @property
    def seeds(self) -> list[int]:
        """The seeds, in their order."""
        return list(dict.fromkeys(seed for seed, _ in self.results))

    def with_independent(self, shown: Sequence[str]) -> list[str]:
        """Networks, and the first independent student of the last of them, if there is one."""
        return [*shown, *self.independent.get(shown[-1], ())[:1]]

    def of_networks(self, name: str) -> Files:
        """The files of every network that has one."""
        having = [(seed, network) for seed, network in self.results if network not in self.lacking.get(name, ())]
        return dict(zip(having, self.files[name], strict=True))

    def of_seed(self, seed: int) -> "Run":
        """The same with the networks of one seed alone; not of an audit."""
        files = dict(self.files)
        if "splits" in files:
            files["splits"] = self.splits(seed)
        for name in (name for name, paths in files.items() if not isinstance(paths, str)):
            files[name] = [path for (one, _), path in self.of_networks(name).items() if one == seed]
        return replace(self, results=[result for result in self.results if result[0] == seed], files=files)

    def predictions(self) -> dict[str, Files]:
        """The predictions of every network by part."""
        return {part: self.of_networks(part) for part in PARTS}

    @property
    def splits_by_seed(self) -> bool:
        """Whether each seed has a split of its own."""
        return not isinstance(self.files.get("splits", ""), str)

    def splits(self, seed: int) -> str:
        """The split of a seed."""
        return self.files["splits"][self.seeds.index(seed)] if self.splits_by_seed else self.file("splits")

    def file(self, name: str) -> str:
        """The one file of this name."""
        path = self.files[name]
        assert isinstance(path, str), f"{name} has a file for each network"
        return path

    def table(self, name: str) -> pd.DataFrame:
        """A table or another CSV."""
        return read_csv(self.file(name))

    def answers(self, parts: tuple[str, ...] | None = None) -> Iterator[Answers]:
        """The answers of every network, part by part, and seed by seed in a part; one network at a time is in memory.

        Where each seed has a split of its own, the images of a part differ from seed to seed.

        Args:
            parts: None for all.
        """
        if self.audited is not None:
            yield from self.audited.answers(parts)
            return
        manual = {path: read_csv(path) for path in dict.fromkeys(map(self.splits, self.seeds))}
        for part in PARTS if parts is None else [part for part in PARTS if part in parts]:
            of_parts = {path: frame[frame["split"] == part] for path, frame in manual.items()}
            for (seed, network), path in self.of_networks(part).items():
                splits = self.splits(seed)
                of_part = of_parts[splits]
                label = of_part["label"].to_numpy()
                given = read_predictions(path, network, seed, splits=splits)
                given = given.in_order_of(of_part["image_id"], splits, path)
                yield Answers(seed, part, network, given.image_id, label, given["logit"], given["probability"])
