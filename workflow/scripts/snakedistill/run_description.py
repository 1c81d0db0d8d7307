"""What a run is, in words, for figures, captions and the summary."""

from pathlib import Path

from snakedistill.lineage import leaves


def describe_run(config: dict, paper: dict) -> dict[str, str]:
    """Say on what the numbers of a run were measured, so that no one takes a small run for the paper.

    Args:
        config: the merged configuration.
        paper: the paper's settings, of `presets/paper.yaml`.

    Returns:
        `run`: what was learned from and by what; `deviations`: every setting that differs from the paper's.
    """
    drawings = config["archive"] is None
    subject = "drawings of the built-in sample" if drawings else f"images of {Path(config['archive']).name}"
    teacher, student, seeds = config["teacher"], config["student"], config["seeds"]
    run = (
        f"Run {config['run']}: {subject} at {config['image_size']} pixels; "
        f"teacher {Path(teacher['backbone']).stem}, {teacher['epochs']} epochs; "
        f"students {Path(student['backbone']).stem}, {student['epochs']} epochs; "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}."
    )
    if drawings:
        run += " The numbers are about drawings, not about photographs."
    other = _deviations(config, paper)
    if not other:
        return {"run": run, "deviations": "Every setting is the paper's."}
    return {"run": run, "deviations": f"Settings that differ from the paper's (in brackets): {'; '.join(other)}."}


def _deviations(config: dict, paper: dict) -> list[str]:
    found = []
    for section in ("image_size", "precision", "split", "teacher", "student"):
        ours, theirs = leaves({section: config[section]}), leaves({section: paper[section]})
        for key, value in ours.items():
            if key != "split.seed" and value != theirs[key]:
                found.append(f"{key} {_in_words(value)} ({_in_words(theirs[key])})")
    for family, student in config["students"].items():
        theirs = paper["students"].get(family)
        if theirs is None:
            found.append(f"students.{family} (none)")
            continue
        printed_of_family = leaves(theirs, f"students.{family}")
        for key, value in leaves(student, f"students.{family}").items():
            printed = printed_of_family.get(key, "as student")
            if value != printed:
                found.append(f"{key} {_in_words(value)} ({_in_words(printed)})")
    return found + [f"no students.{family}" for family in paper["students"] if family not in config["students"]]


def _in_words(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, str):
        return Path(value).stem if value.endswith(".keras") else value
    return f"{value:g}"
