"""The artefact of a run, and the audit of one or several."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import snakemake
from made_up import MadeUp

from snakedistill.core.errors import InputError
from snakedistill.core.parts import PARTS, TEST
from snakedistill.data.audit import AUDITED, read_audit
from snakedistill.data.foreign_predictions import wrong_columns
from snakedistill.results.artefact import write_artefact
from snakedistill.results.audit import AuditedPredictions

IMAGES = {"train": 12, "validation": 6, "test": 9}
NETWORKS = ["teacher", "classic-0", "soft-0", "soft-1"]


def artefact(folder: Path, path: Path, seeds=(0,), classes=("cat", "dog"), **settings) -> MadeUp:
    """Write the artefact of a made-up run."""
    folder.mkdir()
    run = MadeUp(folder, IMAGES, networks=NETWORKS, seeds=seeds, classes=classes)
    config = {"run": folder.name, "seeds": list(seeds), "image_size": 32} | settings
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    files = {"labels/seed-0/soft-0.csv": run.files["labels"][0]}
    write_artefact(run.run(), "Made up.", str(folder / "config.yaml"), files, str(path))
    return run


@pytest.mark.parametrize("classes", [("cat", "dog"), ("a.b", "red fox", "NA")])
def test_an_audit_of_an_artefact_has_the_runs_own_answers(tmp_path, classes):
    run = artefact(tmp_path / "mine", tmp_path / "mine.zip", (0, 3), classes).run()
    assert wrong_columns(tmp_path / "mine.zip", AUDITED) is None
    audit = read_audit(tmp_path / "mine.zip")
    assert audit.sources == {"teacher": None, "classic-0": None, "soft-0": "teacher", "soft-1": "soft-0"}
    assert audit.seeds == [0, 3] and len(audit.classes) == len(classes)
    ours, theirs = list(run.answers()), list(AuditedPredictions(audit).answers())
    key = [(one.seed, one.part, one.network) for one in ours]
    assert key == [(one.seed, one.part, one.network) for one in theirs] and len(key) == 2 * 3 * len(NETWORKS)
    for one, other in zip(ours, theirs, strict=True):
        assert one.image_id.tolist() == other.image_id.tolist()
        np.testing.assert_array_equal(one.label, other.label)
        np.testing.assert_allclose(one.logit - one.logit[:, :1], other.logit - other.logit[:, :1], atol=1e-5)
        np.testing.assert_allclose(one.probability, other.probability, atol=1e-6)


def test_an_artefact_has_checksums_no_images_and_the_same_bytes_again(tmp_path):
    artefact(tmp_path / "mine", tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as packed:
        names = ["predictions.csv", "config.yaml", "labels/seed-0/soft-0.csv", "README.md", "SHA256SUMS"]
        assert packed.namelist() == names
        sums = dict(reversed(line.split("  ")) for line in packed.read("SHA256SUMS").decode().splitlines())
        assert sums == {name: hashlib.sha256(packed.read(name)).hexdigest() for name in names[:-1]}
        assert "Networks: teacher, classic-0, soft-0, soft-1. Seeds: 0." in packed.read("README.md").decode()
    (tmp_path / "again").mkdir()
    artefact(tmp_path / "again/mine", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "mine.zip").read_bytes()


def test_artefacts_of_other_seeds_are_pooled(tmp_path):
    """As one artefact of all seeds."""
    (tmp_path / "pool").mkdir()
    for seed in (4, 2):
        artefact(tmp_path / f"run{seed}", tmp_path / f"pool/{seed}.zip", (seed,))
    artefact(tmp_path / "both", tmp_path / "both.zip", (2, 4))
    pooled, both = read_audit(tmp_path / "pool"), read_audit(tmp_path / "both.zip")
    assert pooled.seeds == [2, 4] and pooled.sources == both.sources
    for part in PARTS:
        assert pooled.parts[part].image_id.tolist() == both.parts[part].image_id.tolist()
        np.testing.assert_array_equal(pooled.parts[part].label, both.parts[part].label)
        np.testing.assert_array_equal(pooled.parts[part].outputs, both.parts[part].outputs)


def test_what_cannot_be_pooled_says_so(tmp_path):
    pool = tmp_path / "pool"
    pool.mkdir()
    assert "expected a folder of artefacts (.zip), got none in it" in wrong_columns(pool, AUDITED)
    artefact(tmp_path / "a", pool / "a.zip")
    with zipfile.ZipFile(pool / "b.zip", "w") as other:
        other.writestr("model.onnx", "")
    assert "b.zip: expected an artefact of a run with predictions.csv, got" in wrong_columns(pool, AUDITED)
    artefact(tmp_path / "b", pool / "b.zip", (1,), image_size=64)
    assert "b.zip: expected the settings of a.zip but for the seeds, got another image_size" in wrong_columns(
        pool, AUDITED
    )
    artefact(tmp_path / "c", pool / "b.zip", (1,), ("a", "b", "c"))
    assert "b.zip: expected the columns of a.zip, got image_id" in wrong_columns(pool, AUDITED)
    artefact(tmp_path / "d", pool / "b.zip", (0,))
    assert wrong_columns(pool, AUDITED) is None
    with pytest.raises(InputError, match=r"expected one row of each image of .*, got a second one after row"):
        read_audit(pool)


def test_the_artefact_of_an_experiment_is_audited_to_the_same_accuracy(folder, tmp_path):
    folder = shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    snakemake(folder, "--configfile", "tiny.yaml", "--", "artefact")
    snakemake(folder, "--config", "run=again", "audit=results/tiny/artefact.zip", "--", "audit")
    ours = pd.read_csv(folder / "results/tiny/tables/uncertainty.csv")
    theirs = pd.read_csv(folder / "results/again/audit/tables/uncertainty.csv")
    merged = ours.merge(theirs, on=["seed", "network", "split"], suffixes=("", "_again"))
    assert len(merged) == len(ours) and TEST in set(merged["split"])
    for metric in ("accuracy", "uncertainty"):
        np.testing.assert_allclose(merged[metric], merged[f"{metric}_again"], atol=1e-6)
    with zipfile.ZipFile(folder / "results/tiny/artefact.zip") as packed:
        for name, path in (("claims.csv", "claims.csv"), ("history/seed-0/soft-1.csv", "seed-0/history/soft-1.csv")):
            assert packed.read(name) == (folder / "results/tiny" / path).read_bytes()
