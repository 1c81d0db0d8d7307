import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakedistill.core.errors import InputError
from snakedistill.core.parts import PARTS
from snakedistill.data.rejected import DROPPED
from snakedistill.data.splits import group_copies, part_sizes, split_balanced, write_splits

SHARES = {"train": 0.70, "validation": 0.15, "test": 0.15}


def counts(parts, labels):
    return {part: [int(((parts == part) & (labels == label)).sum()) for label in (0, 1)] for part in PARTS}


def test_the_papers_counts_at_full_scale():
    labels = np.repeat([0, 1], 12_500)
    parts = split_balanced(labels, np.arange(25_000).astype(str), SHARES, seed=0)
    assert counts(parts, labels) == {"train": [8750, 8750], "validation": [1875, 1875], "test": [1875, 1875]}


def test_seeds_give_different_splits_and_the_same_seed_the_same():
    labels, digests = np.repeat([0, 1], 50), np.arange(100).astype(str)
    one, again, other = (split_balanced(labels, digests, SHARES, seed) for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()


@given(cats=st.integers(20, 60), dogs=st.integers(20, 60), copies=st.integers(0, 8), seed=st.integers(0, 9))
def test_parts_are_balanced_disjoint_and_keep_copies_together(cats, dogs, copies, seed):
    labels = np.repeat([0, 1], [cats, dogs])
    digests = np.arange(cats + dogs)
    digests[1 : 1 + copies] = 0  # copies of the first cat
    digests[-1] = digests[cats // 2]  # a dog whose bytes equal a cat's
    parts = split_balanced(labels, digests.astype(str), SHARES, seed)
    sizes = part_sizes(min(cats, dogs), SHARES)
    assert counts(parts, labels) == {part: [sizes[part]] * 2 for part in PARTS}
    for digest in np.unique(digests):
        assert len(set(parts[digests == digest])) == 1


def test_too_few_images_say_so_with_the_counts():
    with pytest.raises(InputError, match=r"\{0: 3, 1: 2\}.*no part may be empty"):
        split_balanced(np.array([0, 0, 0, 1, 1]), np.arange(5).astype(str), SHARES, seed=0)


def test_too_many_copies_say_so():
    with pytest.raises(InputError, match="copies of one another"):
        split_balanced(np.repeat([0, 1], 20), np.array(["same"] * 20 + [str(i) for i in range(20)]), SHARES, seed=0)


def test_copies_are_found_by_bytes_and_by_looks_also_by_way_of_others():
    digests = np.array(["a", "b", "a", "c", "d", "e"])
    hashes = np.array([f"{bits:016x}" for bits in (0b0, 0b11, 0b0, 0b1111, 0xFF00, 0xFF00)])
    for bits, expected in {
        None: [{0, 2}, {1}, {3}, {4}, {5}],
        0: [{0, 2}, {1}, {3}, {4, 5}],
        2: [{0, 1, 2, 3}, {4, 5}],  # 0 and 3 differ in four bits, but each in two from 1
    }.items():
        group = group_copies(digests, hashes, bits)
        assert sorted({frozenset(np.flatnonzero(group == one).tolist()) for one in group}, key=min) == expected


def written(folder, near_duplicates=None):
    """Draw the split of folder/index.csv, in which one file was unusable."""
    (folder / "unusable.csv").write_text("member,reason\ntrain/cat.99.jpg,cannot be decoded\n")
    write_splits(
        folder / "index.csv",
        folder / "unusable.csv",
        ["cat", "dog"],
        SHARES,
        0,
        near_duplicates,
        **{name: folder / f"{name}.csv" for name in ("splits", "copies", "rejected", "counts")},
    )


def test_images_dropped_for_balance_are_rejected_and_the_others_counted(tmp_path):
    rows = [(f"cat.{i}", f"train/cat.{i}.jpg", 0) for i in range(41)]
    rows += [(f"dog.{i}", f"train/dog.{i}.jpg", 1) for i in range(20)]
    index = pd.DataFrame(rows, columns=["image_id", "member", "label"])
    index["sha256"], index["perceptual_hash"] = index["image_id"], "0"
    index.to_csv(tmp_path / "index.csv", index=False)
    written(tmp_path)
    rejected = pd.read_csv(tmp_path / "rejected.csv")
    assert rejected["member"][0] == "train/cat.99.jpg"
    assert (rejected["reason"] == DROPPED).sum() == 21
    split = pd.read_csv(tmp_path / "splits.csv")
    assert set(rejected["member"][1:]) == {
        f"train/{one}.jpg" for one in set(index["image_id"]) - set(split["image_id"])
    }
    counts = pd.read_csv(tmp_path / "counts.csv")
    assert counts["images"].tolist() == [14, 3, 3, 14, 3, 3]
    assert counts["class"].tolist() == ["cat"] * 3 + ["dog"] * 3


def test_copies_with_both_labels_are_listed_and_told(tmp_path, capsys):
    rows = [(f"{name}.{i}", label, f"{name}{i}") for label, name in enumerate(("cat", "dog")) for i in range(20)]
    index = pd.DataFrame(rows, columns=["image_id", "label", "sha256"])
    index["member"] = index["image_id"] + ".jpg"
    index["perceptual_hash"] = [f"{2**i * 255:016x}" for i in range(40)]  # all at least two bits from one another
    index.loc[3, "sha256"] = index.loc[25, "sha256"]
    index.loc[7, "perceptual_hash"] = index.loc[8, "perceptual_hash"]
    index.to_csv(tmp_path / "index.csv", index=False)
    written(tmp_path, near_duplicates=0)
    copies = pd.read_csv(tmp_path / "copies.csv").sort_values("image_id")
    assert copies["image_id"].tolist() == ["cat.3", "cat.7", "cat.8", "dog.5"]
    assert copies["contradiction"].tolist() == ["yes", "no", "no", "yes"]
    assert copies["equal_bytes"].tolist() == ["yes", "no", "no", "yes"]
    assert copies.groupby("group").size().tolist() == [2, 2]
    assert "2 of them stand in groups with both labels" in capsys.readouterr().out
    split = pd.read_csv(tmp_path / "splits.csv").set_index("image_id")["split"]
    assert split["cat.3"] == split["dog.5"]
    assert split["cat.7"] == split["cat.8"]
