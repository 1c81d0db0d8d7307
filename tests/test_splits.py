import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakedistill.core.errors import InputError
from snakedistill.core.parts import PARTS
from snakedistill.data.part_sizes import part_sizes
from snakedistill.data.splits import (
    DROPPED,
    UNSAMPLED,
    group_copies,
    random_split,
    sampled_images,
    split_given,
    write_splits,
)

SHARES = {"train": 0.70, "validation": 0.15, "test": 0.15}
CLASSES = ["cat", "dog"]
DRAWN = "ttvttttt-t--ttttt-tt-t-tvttvttt-t-t-vtt-tvttttttttttttvtvvtttttttttttt"


def counts(parts, labels):
    return {part: [int(((parts == part) & (labels == label)).sum()) for label in (0, 1)] for part in PARTS}


def test_the_papers_counts_at_full_scale():
    labels = np.repeat([0, 1], 12_500)
    parts = random_split(labels, np.arange(25_000).astype(str), SHARES, 0, True, CLASSES)
    assert counts(parts, labels) == {"train": [8750, 8750], "validation": [1875, 1875], "test": [1875, 1875]}


def test_seeds_give_different_splits_and_the_same_seed_the_same():
    labels, digests = np.repeat([0, 1], 50), np.arange(100).astype(str)
    one, again, other = (random_split(labels, digests, SHARES, seed, True, CLASSES) for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()


@given(cats=st.integers(20, 60), dogs=st.integers(20, 60), copies=st.integers(0, 8), seed=st.integers(0, 9))
def test_parts_are_balanced_disjoint_and_keep_copies_together(cats, dogs, copies, seed):
    labels = np.repeat([0, 1], [cats, dogs])
    digests = np.arange(cats + dogs)
    digests[1 : 1 + copies] = 0  # copies of the first cat
    digests[-1] = digests[cats // 2]  # a dog whose bytes equal a cat's
    parts = random_split(labels, digests.astype(str), SHARES, seed, True, CLASSES)
    sizes = part_sizes(min(cats, dogs), SHARES)
    assert counts(parts, labels) == {part: [sizes[part]] * 2 for part in PARTS}
    for digest in np.unique(digests):
        assert len(set(parts[digests == digest])) == 1


def test_a_balanced_split_stays_as_it_is():
    """The split of a seed is fixed, with copies and images to drop, so that splits of earlier runs come again."""
    labels = np.repeat([0, 1], [40, 30])
    groups = np.array([f"{i // 2 if i % 7 < 2 else 100 + i:03}" for i in range(70)])
    parts = random_split(labels, groups, SHARES, 3, True, CLASSES)
    assert "".join((part or "-")[0] for part in parts) == DRAWN


@given(cats=st.integers(20, 60), dogs=st.integers(20, 60), copies=st.integers(0, 8), seed=st.integers(0, 9))
def test_an_unbalanced_split_keeps_every_image_and_divides_each_class_by_the_shares(cats, dogs, copies, seed):
    labels = np.repeat([0, 1], [cats, dogs])
    groups = np.arange(cats + dogs)
    groups[1 : 1 + copies] = 0
    groups[-1] = groups[cats // 2]
    parts = random_split(labels, groups, SHARES, seed, False, CLASSES)
    sizes = [part_sizes(images, SHARES) for images in (cats, dogs)]
    assert counts(parts, labels) == {part: [of_class[part] for of_class in sizes] for part in PARTS}
    for group in np.unique(groups):
        assert len(set(parts[groups == group])) == 1


def test_an_unbalanced_split_finds_place_for_images_that_all_have_copies():
    labels = np.repeat([0, 1], 50)
    parts = random_split(labels, np.arange(100) // 2, SHARES, 0, False, CLASSES)
    for label in (0, 1):
        for part, size in part_sizes(50, SHARES).items():
            assert abs(((parts == part) & (labels == label)).sum() - size) <= 2
    assert (parts[::2] == parts[1::2]).all()


def test_a_class_that_is_one_group_of_copies_fills_no_other_part():
    groups = np.r_[np.zeros(20, int), np.arange(1, 21)]
    with pytest.raises(
        InputError, match=r"Class cat \(label 0\) has no image in the part .*cat 0, dog.*near_duplicates"
    ):
        random_split(np.repeat([0, 1], 20), groups, SHARES, 0, False, CLASSES)


def given_split(train, validation, test):
    """Numbers of cats and dogs in each part, as labels and parts."""
    numbers = {"train": train, "validation": validation, "test": test}
    labels = np.concatenate([np.repeat([0, 1], pair) for pair in numbers.values()])
    return labels, np.repeat(np.array(PARTS, dtype=object), [sum(pair) for pair in numbers.values()])


@pytest.mark.parametrize("balanced", [True, False])
def test_a_given_split_is_kept(balanced):
    labels, parts = given_split((30, 20), (5, 9), (4, 4))
    found = split_given(parts, labels, np.zeros(len(labels), int), SHARES, 0, balanced, CLASSES)
    kept = found != None  # noqa: E711
    assert (found[kept] == parts[kept]).all()
    expected = {"train": [20, 20], "validation": [5, 5], "test": [4, 4]} if balanced else counts(parts, labels)
    assert counts(found, labels) == expected
    if balanced:
        other = split_given(parts, labels, np.arange(len(labels)), SHARES, 1, balanced, CLASSES)
        assert (found != other).any()


@pytest.mark.parametrize("missing", [("validation",), ("test",), ("validation", "test")])
def test_parts_that_a_given_split_lacks_are_sampled_from_train_with_copies_together(missing):
    there = {"validation": (20, 10), "test": (8, 8)}
    own = [(0, 0) if part in missing else there[part] for part in ("validation", "test")]
    labels, parts = given_split((170, 85), *own)
    groups = np.arange(len(labels))
    groups[1:9] = 0
    found = split_given(parts, labels, groups, SHARES, 0, False, CLASSES)
    total = SHARES["train"] + sum(SHARES[part] for part in missing)
    for part in PARTS:
        sampled = [number * SHARES[part] / total for number in (170, 85)]
        expected = sampled if part in ("train", *missing) else there[part]
        assert counts(found, labels)[part] == pytest.approx(expected, abs=1)  # of rounding
    assert len(set(found[:9])) == 1
    moved = found != parts
    assert set(parts[moved]) == {"train"}
    assert set(found[moved]) == set(missing)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (((0, 0), (5, 5), (5, 5)), "expected a part train, from which .*, got only validation, test"),
        (((9, 9), (5, 5), (0, 5)), r"Class cat \(label 0\) has no image in the part test, .*cat 0, dog 5\. Add images"),
        (((9, 0), (5, 5), (5, 5)), r"Class dog \(label 1\) has no image in the part train, .*cat 9, dog 0"),
        (((9, 0), (0, 0), (5, 5)), r"Class dog \(label 1\) has no image in the part train, .*cat 9, dog 0"),
        (((9, 2), (0, 0), (5, 5)), r"Class dog \(label 1\) does not fill validation: .* of its 2 usable images"),
    ],
)
def test_a_given_split_that_cannot_be_used_says_why(numbers, message):
    labels, parts = given_split(*numbers)
    with pytest.raises(InputError, match=message):
        split_given(parts, labels, np.arange(len(labels)), SHARES, 0, True, CLASSES)


def test_an_unknown_part_says_so():
    with pytest.raises(InputError, match="expected the parts train, validation, test, got dev"):
        split_given(np.array(["train", "dev"], dtype=object), np.array([0, 1]), np.arange(2), SHARES, 0, True, CLASSES)


def test_too_few_images_say_so_with_the_counts():
    with pytest.raises(InputError, match=r"Class dog \(label 1\) does not fill validation and test.*cat 3, dog 2"):
        random_split(np.array([0, 0, 0, 1, 1]), np.arange(5).astype(str), SHARES, 0, True, CLASSES)


def test_too_many_copies_say_so():
    with pytest.raises(InputError, match="copies of one another"):
        random_split(
            np.repeat([0, 1], 20), np.array(["same"] * 20 + [str(i) for i in range(20)]), SHARES, 0, True, CLASSES
        )


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


@pytest.mark.parametrize("seed", [0, 1])
def test_sampled_images_keep_the_shares_of_classes_and_parts_or_are_balanced(seed):
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    given = np.tile(["train", "train", "train", "test"], 250)
    for parts in (None, given):
        sampled = sampled_images(labels, parts, 100, False, seed)
        assert np.bincount(labels[sampled]).tolist() == [60, 30, 10]
        assert (sampled == sampled_images(labels, parts, 100, False, seed)).all()
        assert (sampled != sampled_images(labels, parts, 100, False, seed + 1)).any()
        balanced = sampled_images(labels, parts, 120, True, seed)
        assert np.bincount(labels[balanced]).tolist() == [40, 40, 40]
    assert np.bincount(labels[balanced & (given == "test")]).tolist() == [10, 10, 10]
    assert sampled_images(labels, None, 997, False, seed).sum() == 997
    assert sampled_images(labels, None, 1000, False, seed).all()


@pytest.mark.parametrize(
    ("balanced", "most"), [(True, "300 images, with the same number of each class,"), (False, "500")]
)
def test_more_images_than_there_are_say_so(balanced, most):
    with pytest.raises(InputError, match=f"expected at most the {most}.* that the archive has, got 900"):
        sampled_images(np.repeat([0, 1], [350, 150]), None, 900, balanced, 0)


def written(folder, near_duplicates=None, balanced=True, images=None):
    """Split the images of folder/index.csv, in which one file was unusable."""
    (folder / "unusable.csv").write_text("member,reason\ntrain/cat.99.jpg,cannot be decoded\n")
    write_splits(
        folder / "index.csv",
        folder / "unusable.csv",
        CLASSES,
        SHARES,
        0,
        near_duplicates,
        balanced,
        **{name: folder / f"{name}.csv" for name in ("splits", "copies", "rejected", "counts")},
        images=images,
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


def test_images_that_are_not_sampled_are_rejected_with_the_reason(tmp_path):
    rows = [(f"{label}.{i}", f"{label}/{i}.jpg", label, f"{label}.{i}", "0") for label in (0, 1) for i in range(50)]
    columns = ["image_id", "member", "label", "sha256", "perceptual_hash"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "index.csv", index=False)
    written(tmp_path, images=40)
    assert (pd.read_csv(tmp_path / "rejected.csv")["reason"] == UNSAMPLED).sum() == 60
    assert pd.read_csv(tmp_path / "counts.csv")["images"].tolist() == [14, 3, 3, 14, 3, 3]


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


def test_copies_in_different_given_parts_are_told_and_stay(tmp_path, capsys):
    labels, parts = given_split((10, 10), (5, 5), (5, 5))
    index = pd.DataFrame({"image_id": [f"{i}" for i in range(40)], "label": labels, "split": parts})
    index["member"], index["sha256"], index["perceptual_hash"] = index["image_id"] + ".jpg", index["image_id"], "0"
    index.loc[[0, 20, 30, 31], "sha256"] = "a"  # of train, validation and test
    index.loc[[1, 2], "sha256"] = "b"  # both of train
    index.to_csv(tmp_path / "index.csv", index=False)
    written(tmp_path, balanced=False)
    words = "1 of validation in train, 2 of test in train, 2 of test in validation"
    assert f"puts copies of an image into different parts: {words}" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "splits.csv")["split"].tolist() == parts.tolist()
    copies = pd.read_csv(tmp_path / "copies.csv")
    assert copies["group"].tolist() == [1, 1, 1, 1, 2, 2]
    assert list(copies) == ["group", "image_id", "label", "equal_bytes", "contradiction"]
    counts = pd.read_csv(tmp_path / "counts.csv")
    assert counts["images"].tolist() == [10, 5, 5] * 2
