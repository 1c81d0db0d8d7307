"""State dicts that PyTorch saved, read without PyTorch and without running code from the file."""

import pickle
from collections import OrderedDict
from typing import BinaryIO

import numpy as np

from snakedistill.core.errors import InputError

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
STORAGES: dict[str, np.dtype] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_state_dict(file: BinaryIO) -> dict[str, np.ndarray]:
    """Read a state dict in PyTorch's format before version 1.6.

    The file holds pickles: a magic number, the version of the format, the system it was written on, the state dict, and
    the keys of its storages. Behind them each storage is the number of its elements, int64, and these. Only classes of
    a state dict of float32 and int64 tensors are admitted.

    Args:
        file: opened for reading bytes; it must not read ahead of what it is asked for, as `io.BytesIO` does not.

    Returns:
        Arrays float32 or int64 by name of the tensor.

    Raises:
        InputError: the file is in another format, damaged, or holds anything else than a state dict.
    """
    dtypes: dict[str, np.dtype] = {}
    try:
        if pickle.load(file) != MAGIC_NUMBER or pickle.load(file) != PROTOCOL_VERSION:
            raise InputError("Expected a state dict in PyTorch's format before version 1.6, got another file.")
        pickle.load(file)
        tensors = _Unpickler(file, dtypes).load()
        storages = {}
        for key in pickle.load(file):
            elements = int(np.frombuffer(file.read(8), "<i8")[0])
            storages[key] = np.frombuffer(file.read(elements * dtypes[key].itemsize), dtypes[key], elements)
        return {name: tensor.read(storages) for name, tensor in tensors.items()}
    except InputError:
        raise
    except Exception as error:  # pickle, NumPy and dictionaries raise their own by what is damaged
        raise InputError(f"The state dict cannot be read: {error or type(error).__name__}.") from error


class _Tensor:
    """A tensor whose storage has not been read yet: the arguments of `torch._utils._rebuild_tensor_v2`."""

    def __init__(self, storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> None:
        self._storage, self._offset, self._shape, self._strides = storage, offset, shape, strides

    def read(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        """The tensor as an array of its own."""
        storage = storages[self._storage]
        last = self._offset + sum((size - 1) * stride for size, stride in zip(self._shape, self._strides, strict=True))
        if min(self._shape, default=1) < 1 or min((self._offset, *self._strides)) < 0 or last >= len(storage):
            raise InputError(
                f"Expected a tensor within its storage of {len(storage)} elements, got one that reaches beyond."
            )
        strides = [stride * storage.itemsize for stride in self._strides]
        return np.lib.stride_tricks.as_strided(storage[self._offset :], self._shape, strides).copy()


class _Storage:
    """A kind of storage, which a pickle names and never makes."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype


class _Unpickler(pickle.Unpickler):
    """Reads a state dict whose tensors are `_Tensor`, and notes the dtype of each storage by its key."""

    def __init__(self, file: BinaryIO, dtypes: dict[str, np.dtype]) -> None:
        super().__init__(file)
        self._dtypes = dtypes

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in STORAGES:
            return _Storage(STORAGES[name])
        raise InputError(f"Expected a state dict of float32 and int64 tensors, got one that asks for {module}.{name}.")

    def persistent_load(self, pid: tuple) -> str:
        kind, storage, key, *_ = pid
        if kind != "storage" or not isinstance(storage, _Storage):
            raise InputError(f"Expected a reference to a storage, got one to {kind!r}.")
        self._dtypes[key] = storage.dtype
        return key
