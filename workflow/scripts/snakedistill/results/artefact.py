"""The predictions of a run with what they were made from, in one archive that others can check, cite and audit."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from snakedistill.core.files import written_whole
from snakedistill.core.outputs import output_columns, outputs_of_classes
from snakedistill.data.foreign_predictions import CONFIG, PREDICTIONS
from snakedistill.results.answers import Answers
from snakedistill.results.run import Run

README, CHECKSUMS = "README.md", "SHA256SUMS"
_DATE = (1980, 1, 1, 0, 0, 0)  # equal content gives equal bytes


def write_artefact(run: Run, run_description: str, config: str, files: Mapping[str, str], artefact: str) -> None:
    """Pack the predictions of all networks, and files of the run, with checksums and a page that says what they are.

    There are no photographs and no weights in it. `read_audit` reads it.

    Args:
        run: the run.
        run_description: what the run is, in words.
        config: the merged configuration, a YAML file.
        files: paths of further files by their names in the archive.
        artefact: zip to write: predictions.csv in the form of `read_audit` (with the logits), config.yaml, the further
            files, README.md, and SHA256SUMS in the form of `sha256sum`.
    """
    digests: dict[str, str] = {}
    with written_whole(artefact) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:

        def pack(name: str, data: bytes) -> None:
            packed.writestr(_member(name), data)
            digests[name] = hashlib.sha256(data).hexdigest()

        digest = hashlib.sha256()
        with packed.open(_member(PREDICTIONS), "w", force_zip64=True) as member:
            for number, given in enumerate(run.answers()):
                data = _rows(given, run).to_csv(index=False, header=number == 0, float_format="%.9g").encode()
                member.write(data)
                digest.update(data)
        digests[PREDICTIONS] = digest.hexdigest()
        pack(CONFIG, Path(config).read_bytes())
        for name, path in files.items():
            pack(name, Path(path).read_bytes())
        pack(README, _readme(run, run_description).encode())
        sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
        packed.writestr(_member(CHECKSUMS), sums)


def _member(name: str) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, _DATE)
    found.compress_type = zipfile.ZIP_DEFLATED
    found.external_attr = 0o644 << 16
    return found


def _rows(given: Answers, run: Run) -> pd.DataFrame:
    """The answers of a network on a part, as `read_audit` takes them."""
    logit = given.logit[:, 1:] - given.logit[:, :1] if len(run.classes) == 2 else given.logit
    names = [run.classes[label] for label in given.label] if len(run.classes) > 2 else given.label
    about = {"image_id": given.image_id.to_numpy(), "label": names, "split": given.part}
    about |= {"network": given.network, "seed": given.seed, "source": run.sources.get(given.network) or ""}
    return pd.DataFrame(about).join(
        pd.DataFrame(outputs_of_classes(logit), columns=output_columns("logit", run.classes))
    )


def _readme(run: Run, run_description: str) -> str:
    networks = ", ".join(run.networks)
    label = (
        f"`label` is 0 for {run.classes[0]} and 1 for {run.classes[1]}; `logit` is of class 1"
        if len(run.classes) == 2
        else "`label` is the name of the class; `logit.<class>` is that of each class"
    )
    lines = [
        "# Predictions of an experiment with snakedistill",
        run_description,
        f"Networks: {networks}. Seeds: {', '.join(map(str, run.seeds))}. There are no images and no weights here.",
        f"- `{PREDICTIONS}`: the logits of every network for every image. {label[0].upper()}{label[1:]}. `source` is "
        "the network whose predictions a network learned from.\n"
        "- `labels/seed-K/N.csv` and `history/seed-K/N.csv`: what network N trained on with seed K, and its training "
        "run.\n"
        f"- `{CONFIG}`: every setting of the run. `tables/` and `summary.md`: its findings.\n"
        f"- `{CHECKSUMS}`: `sha256sum --check {CHECKSUMS}` checks the files.",
        "To measure the predictions again, alone or with those of other seeds in one folder:",
        "    snakemake --cores all --config run=again audit=artefact.zip -- audit",
    ]
    return "\n\n".join(lines) + "\n"
