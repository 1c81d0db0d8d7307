"""Fingerprints of the code that a script runs."""

import ast
import contextlib
import functools
import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def fingerprint_of_code(
    script: str | Path,
    files: Iterable[str | Path] = (),
    modules: Iterable[str] = (),
    used: Mapping[str, Iterable[str]] | None = None,
) -> str:
    """A digest of everything of this library that a script can reach, by meaning, and of files that come with it.

    Followed are names: from the script's imports to functions, classes and constants of the library, and from these to
    what they use in turn. Comments, docstrings, layout and definitions that are never used change nothing. Code of
    other packages is not followed: their versions are pinned.

    Args:
        script: Python file that imports from this library.
        files: text files that the script reads, which count by their content.
        modules: dotted names of modules that the script imports by name, and all of whose code counts.
        used: keys by the name of a dictionary in which things are registered; only what is registered under these keys
            is followed.

    Returns:
        64 hexadecimal digits.
    """
    reached: dict[tuple[Path, str], str] = {}
    restricted = {name: tuple(keys) for name, keys in (used or {}).items()}
    with _uncollected():
        for path in (Path(script), *map(_file_of_module, modules)):
            _follow(path, "", restricted, reached)
    lines = sorted(f"{_shown(path)} {name}\n{source}" for (path, name), source in reached.items())
    lines += [Path(file).read_text(encoding="utf-8") for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Syntax trees stay to the end. Python's collector of garbage need not search them, half of a short plan's time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def forget() -> None:
    """Drop what was read from files, which may have changed since."""
    _module.cache_clear()
    _definition.cache_clear()


class _Module:
    """The top-level statements of a Python file, by the names that they define, and its imports from the library."""

    def __init__(self, path: Path) -> None:
        self.statements: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, tuple[Path, str]] = {}
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in _statements(tree):
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if isinstance(node, ast.ImportFrom) and module.split(".")[0] == PACKAGE.name:
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = _imported(module, alias.name)
            _remove_docstring(node)
        for statement in tree.body:
            for name in _defined(statement):
                self.statements.setdefault(name, []).append(statement)


@functools.cache
def _module(path: Path) -> _Module:
    return _Module(path)


@functools.cache
def _shown(path: Path) -> str:
    """The path within the library, or the name of a file elsewhere: a moved project keeps its fingerprints."""
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name


def _file_of_module(name: str) -> Path:
    package, _, module = name.rpartition(".")
    if name.split(".")[0] == PACKAGE.name:
        return _imported(package, module)[0]
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin)


def _imported(module: str, name: str) -> tuple[Path, str]:
    """The file and the name in it; the name of a whole module is empty."""
    folder = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (folder / f"{name}.py", folder / name / "__init__.py"):
        if path.exists():
            return path, ""
    return (folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")), name


def _follow(path: Path, name: str, used: dict[str, tuple[str, ...]], reached: dict[tuple[Path, str], str]) -> None:
    """Collect the statements that define `name`, and what they use; for an empty name, all statements of the file.

    Statements that define nothing act when the file is imported, so they belong to each of its names.
    """
    module = _module(path)
    if name in module.imports:
        _follow(*module.imports[name], used, reached)
    for one in {name, ""} if name else module.statements:
        if (path, one) in reached or one not in module.statements:
            continue
        source, uses = _definition(path, one, used.get(one))
        reached[path, one] = source
        for used_path, used_name in uses:
            _follow(used_path, used_name, used, reached)


@functools.cache
def _definition(path: Path, name: str, keys: tuple[str, ...] | None) -> tuple[str, list[tuple[Path, str]]]:
    """The statements that define a name, as `_text` has them, and the names that they use.

    Of a dictionary, only the entries of the keys are taken where there are keys.
    """
    module = _module(path)
    statements = module.statements[name]
    if keys is not None:
        statements = [_with_keys(statement, keys) for statement in statements]
    names: list[ast.Attribute | ast.Name] = []
    source = "\n".join(_text(statement, names) for statement in statements)
    return source, _used(names, path, module)


def _text(node: object, names: list[ast.Attribute | ast.Name]) -> str:
    """A syntax tree without the places in the file; the names in it are added to `names`, each before those in it.

    Empty fields are skipped, because each version of Python has more of them.
    """
    if isinstance(node, list):
        return f"[{','.join([_text(one, names) for one in node])}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Attribute | ast.Name):
        names.append(node)
    fields = [(field, getattr(node, field, None)) for field in node._fields]
    given = [f"{field}={_text(value, names)}" for field, value in fields if value is not None and value != []]
    return f"{type(node).__name__}({','.join(given)})"


def _with_keys(statement: ast.stmt, keys: tuple[str, ...]) -> ast.stmt:
    """The statement, in which a dictionary has only the entries of some keys."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(statement.value, ast.Dict):
        return statement
    entries = zip(statement.value.keys, statement.value.values, strict=True)
    kept = [(key, value) for key, value in entries if isinstance(key, ast.Constant) and key.value in keys]
    shorter = ast.Dict([key for key, _ in kept], [value for _, value in kept])
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    return ast.fix_missing_locations(ast.copy_location(ast.Assign([target], shorter), statement))


def _used(names: list[ast.Attribute | ast.Name], path: Path, module: _Module) -> list[tuple[Path, str]]:
    """What the names in a definition stand for, of its own file or of the library."""
    found = []
    modules = {name: target for name, (target, of) in module.imports.items() if not of}
    attributes = set()
    for node in names:
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in modules:
                found.append((modules[node.value.id], node.attr))
                attributes.add(node.value)
        elif node not in attributes:
            if node.id in module.statements:
                found.append((path, node.id))
            elif node.id in module.imports:
                found.append(module.imports[node.id])
    return found


def _defined(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement defines, in its branches too; an empty name for one that only acts."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return set()
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    inner = [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt)]
    stored = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return set().union(*map(_defined, inner)) | stored or {""}


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """A node and the statements in it, with their branches, but not the expressions in them."""
    yield node
    for _, values in ast.iter_fields(node):
        for value in values if isinstance(values, list) else ():
            if isinstance(value, ast.stmt | ast.excepthandler | ast.match_case):
                yield from _statements(value)


def _remove_docstring(node: ast.AST) -> None:
    body = getattr(node, "body", None)
    if isinstance(body, list):
        setattr(node, "body", [one for one in body if not _is_text(one)] or [ast.Pass()])  # noqa: B010


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
