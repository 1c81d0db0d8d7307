"""The command `snakedistill`, for who has no clone. Its parts import what they need when called: `--help` is quick."""

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path

WORKFLOW = Path(__file__).parents[4]
PRESET = "presets/photographs.yaml"
OF_SETTINGS = (".yaml", ".yml")
MINUTES = 30  # of work, where no budget is given

EXAMPLES = """examples:
  snakedistill run photos                 look at the images in photos/, write photos.yaml, and run it
  snakedistill init photos --budget 2h    write photos.yaml alone, for two hours of work
  snakedistill run photos.yaml -n         say what would be done

photos/ has a folder for each class. Results go to results/ beside photos.yaml.
"""


class _Version(argparse.Action):
    """Print the version of the installed package, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *arguments: object) -> None:
        print(f"snakedistill {version('snakedistill')}")
        parser.exit()


def main(arguments: list[str] | None = None) -> None:
    """Run the command.

    Args:
        arguments: of the command line, without its name; None: those of this process.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    given, passed_on = _parser().parse_known_args(before)
    if given.verb == "init":
        if passed_on or before != arguments:
            _parser().error(f"init: unknown arguments: {' '.join(passed_on) or '--'}")
        _init(Path(given.archive), given.budget)
    else:
        _run(Path(given.settings), given.configfile, [*passed_on, *arguments[len(before) :]])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="snakedistill",
        description="Distil a large image classifier into a small one, from a folder of photographs.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="{init,run}")
    init = verbs.add_parser("init", allow_abbrev=False, help="look at images and write settings that suit them")
    init.add_argument("archive", metavar="FOLDER", help="a folder or a zip of images, or a CSV that lists images")
    init.add_argument("--budget", default=f"{MINUTES}m", metavar="TIME", help="such as 90m or 2h; default: %(default)s")
    run = verbs.add_parser(
        "run",
        allow_abbrev=False,
        usage="snakedistill run FOLDER.yaml|FOLDER [Snakemake's arguments]",
        help="run the workflow with these settings",
        description=f"Snakemake with this workflow, its default profile, {PRESET} and the settings over it. Further "
        "arguments are Snakemake's (snakemake --help). Paths in the settings are relative to their folder.",
    )
    run.add_argument(
        "settings",
        metavar="FOLDER.yaml|FOLDER",
        help="settings; of a folder of images those that init writes, where there are none yet",
    )
    run.add_argument(
        "--configfile",
        nargs="+",
        default=[],
        metavar="FILE",
        help="more settings over these; a preset of the workflow by its path, such as presets/ladder.yaml",
    )
    return parser


def _init(archive: Path, budget: str) -> Path:
    """Write settings beside an archive; ends the process with a sentence where that cannot be."""
    from snakedistill.command.init import minutes, write_settings
    from snakedistill.core.errors import InputError

    try:
        return write_settings(archive, minutes(budget))
    except InputError as error:
        sys.exit(f"Error: {error}")


def _run(settings: Path, overlays: list[str], arguments: list[str]) -> None:
    """Become Snakemake."""
    if settings.suffix not in OF_SETTINGS:
        archive, settings = settings, settings_of(settings)
        if not settings.exists():
            _init(archive, f"{MINUTES}m")
    elif not settings.is_file():
        sys.exit(f"Error: expected settings, or a folder of images, got {settings}; there is no such file")
    files = [WORKFLOW / PRESET, settings, *map(_overlay, overlays)]
    command = [sys.executable, "-m", "snakemake", "--snakefile", WORKFLOW / "Snakefile"]
    command += ["--workflow-profile", WORKFLOW / "profiles/default", "--directory", settings.absolute().parent]
    command += ["--configfile", *(file.absolute() for file in files), "--cores", "all", *arguments]
    os.execv(sys.executable, list(map(str, command)))


def settings_of(archive: Path) -> Path:
    """Where the settings of an archive are: `photos.yaml` beside `photos`, `photos.zip` and `photos.csv`."""
    archive = Path(os.path.normpath(archive.absolute()))  # without `..`
    return archive.with_name(f"{archive.name if archive.is_dir() else archive.stem}.yaml")


def _overlay(path: str) -> Path:
    """A file of settings: the user's, or one that comes with the workflow."""
    return Path(path) if Path(path).exists() else WORKFLOW / path
