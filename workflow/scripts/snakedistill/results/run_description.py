"""What a run is, in words, for figures, captions and the summary."""

from pathlib import Path


def describe_run(config: dict) -> str:
    """Say on what the numbers of a run were measured: what was learned from, and by what.

    Args:
        config: the merged configuration.
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
    return f"{run} The numbers are about drawings, not about photographs." if drawings else run
