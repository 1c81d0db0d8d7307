"""Fingerprints of what results depend on: the code that a script runs, and the content of an archive."""

import ast
import functools
import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parent


def fingerprint_of_code(script: str | Path, files: Iterable[str | Path] = ()) -> str:
    """A digest of everything of this library that a script can reach, by meaning, and of files that come with it.

    Followed are names: from the script's imports to functions, classes and constants of the library, and from these to
    what they use in turn. Comments, docstrings, layout and definitions that are never used change nothing. Code of
    other packages is not followed: their versions are pinned.

    Args:
        script: Python file that imports from this library.
        files: text files that the script reads, which count by their content.

    Returns:
        64 hexadecimal digits.
    """
    reached: dict[tuple[Path, str], str] = {}
    _follow(Path(script), "", reached)
    lines = sorted(f"{path.name} {name}\n{source}" for (path, name), source in reached.items())
    lines += [Path(file).read_text(encoding="utf-8") for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def fingerprint_of_file(path: str | Path) -> str:
    """SHA-256 of a file's content, 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint_of_archive(path: str | Path) -> str:
    """A digest of an archive's content that costs no reading of it: names, sizes and checksums in a zip's directory.

    Of a folder, whose files have no checksums, names, sizes and times of modification count instead.

    Returns:
        64 hexadecimal digits; of what is no readable zip, those of its size.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        statuses = [file.stat() for file in files]
        entries = [
            (str(file), status.st_size, status.st_mtime_ns) for file, status in zip(files, statuses, strict=True)
        ]
    else:
        try:
            with zipfile.ZipFile(path) as zipped:
                entries = [(member.filename, member.file_size, member.CRC) for member in zipped.infolist()]
        except Exception:  # it is refused with a reason when it is read
            entries = [("", path.stat().st_size, 0)]
    return hashlib.sha256(repr(entries).encode()).hexdigest()


class _Module:
    """The top-level statements of a Python file, by the names that they define, and its imports from the library."""

    def __init__(self, path: Path) -> None:
        self.statements: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, tuple[Path, str]] = {}
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE.name:
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = _imported(node.module, alias.name)
        for statement in _without_docstrings(tree).body:
            for name in _defined(statement):
                self.statements.setdefault(name, []).append(statement)


@functools.cache
def _module(path: Path) -> _Module:
    return _Module(path)


def _imported(module: str, name: str) -> tuple[Path, str]:
    """The file and the name in it; the name of a whole module is empty."""
    if module == PACKAGE.name:
        return PACKAGE / f"{name}.py", ""
    return PACKAGE / f"{module.split('.')[1]}.py", name


def _follow(path: Path, name: str, reached: dict[tuple[Path, str], str]) -> None:
    """Collect the statements that define `name`, and what they use; for an empty name, all statements of the file.

    Statements that define nothing act when the file is imported, so they belong to each of its names.
    """
    module = _module(path)
    if name in module.imports:
        _follow(*module.imports[name], reached)
    for one in {name, ""} if name else module.statements:
        if (path, one) in reached or one not in module.statements:
            continue
        source, uses = _definition(path, one)
        reached[path, one] = source
        for used_path, used in uses:
            _follow(used_path, used, reached)


@functools.cache
def _definition(path: Path, name: str) -> tuple[str, list[tuple[Path, str]]]:
    """The source of the statements that define a name, without comments, and the names that they use."""
    module = _module(path)
    statements = module.statements[name]
    source = "\n".join(ast.unparse(statement) for statement in statements)
    return source, [used for statement in statements for used in _used(statement, path, module)]


def _used(statement: ast.stmt, path: Path, module: _Module) -> list[tuple[Path, str]]:
    found = []
    modules = {name: target for name, (target, of) in module.imports.items() if not of}
    attributes = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.append((modules[node.value.id], node.attr))
            attributes.add(node.value)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node not in attributes:
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


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)] or [ast.Pass()]
    return tree


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
