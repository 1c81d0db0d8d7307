"""What a user reads after the last job: the verdict, and what makes it doubtful."""

from snakedistill.core.files import read_csv
from snakedistill.export.usable import exports_in_words
from snakedistill.plan.files import Files
from snakedistill.results.summary.head import learned_nothing
from snakedistill.results.verdict import verdict


def last_lines(files: Files, config: dict) -> list[str]:
    """The sentence on the chosen student, and warnings: of networks that learned nothing, and of exports.

    Args:
        files: of the finished run.
        config: the merged configuration.
    """
    tables = {name: read_csv(files.tables[name]) for name in ("frontier", "best_epoch", "confusion")}
    doubts = [sentence.replace("**", "") for sentence in learned_nothing(tables["best_epoch"], tables["confusion"])]
    doubts += [f"{one}." for one in exports_in_words(files.exports, config["export"]["int8_max_drop"])]
    return [
        f"Result: {verdict(tables['frontier'], **config['choose'])}",
        *(f"Warning: {sentence}" for sentence in doubts),
    ]
