"""Batches of images, draws and targets."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from snakedistill.core.targets import Hook, Inputs, Targets, changed
from snakedistill.data.images import Images
from snakedistill.networks.augmentation import TRANSFORMATIONS, active, mixing
from snakedistill.networks.augmentation.draws import Draws

READ_AHEAD = 2  # batches


def batches(
    images: Images,
    batch_size: int,
    draws: Draws | None = None,
    targets: Targets | None = None,
    order: np.ndarray | None = None,
    hooks: Sequence[Hook] = (),
    views: tuple[Images, Draws] | None = None,
) -> Iterator[tuple]:
    """Yield one pass over the images, as Keras takes it.

    Args:
        images: n images.
        batch_size: images in a batch; the last one may be smaller.
        draws: draws of all n images, for a network that augments; or None.
        targets: of all n images: label float32 [n, outputs]; manual int32 [n] and weight float32 [n] where the way to
            teach has them. Or None.
        order: a permutation of range(n), or None for the order of the array.
        hooks: change the targets of each batch, one after the other.
        views: the n images and their draws as the hooks see them, where they take other pixels than the network; None:
            as the network sees them.

    Yields:
        (inputs,) or (inputs, targets); inputs are image uint8 [b, h, w, 3] or, with draws, the image and then the
        values of each transformation, float32 [b, *shape].
    """

    def batch(start: int) -> tuple:
        rows = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
        inputs = _inputs(images, draws, rows)
        if targets is None:
            return (inputs,)
        seen = inputs if views is None else _inputs(*views, rows)
        return inputs, changed(targets, lambda values: values[rows]), seen

    def hooked(inputs: Inputs, of_batch: Targets | None = None, seen: Inputs = None) -> tuple:
        if of_batch is None:
            return (inputs,)
        for hook in hooks:
            of_batch = hook(seen, of_batch)
        return inputs, of_batch

    with ThreadPoolExecutor(1) as reader:  # reads the next batches while the model works on this one
        ahead: deque[Future] = deque()
        for start in range(0, len(images), batch_size):
            ahead.append(reader.submit(batch, start))
            if len(ahead) > READ_AHEAD:
                yield hooked(*ahead.popleft().result())
        while ahead:
            yield hooked(*ahead.popleft().result())


def _inputs(images: Images, draws: Draws | None, rows: np.ndarray | slice) -> Inputs:
    image = images.read(rows)
    return (image, *(values[rows] for values in draws.values())) if draws else image


def mixed_targets(augmentation: dict) -> Hook:
    """What mixes the labels and weights of a batch as the transformations of its network mix the images.

    Args:
        augmentation: settings by transformation, of which at least one mixes images.
    """
    place = {name: 1 + i for i, name in enumerate(active(augmentation))}

    def hook(inputs: Inputs, targets: Targets) -> Targets:
        for name in mixing(augmentation):
            share_of = TRANSFORMATIONS[name].share
            assert share_of is not None  # it mixes
            share = share_of(inputs[place[name]])
            targets = changed(targets, lambda values: _mixed(values, share))  # noqa: B023 -- called at once
        return targets

    return hook


def _mixed(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Values of each image, [n] or [n, outputs], and of its partner, which has the share."""
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    return ((1 - share) * values + share * np.roll(values, 1, axis=0)).astype(np.float32)
