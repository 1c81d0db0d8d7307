"""What tables, figures and the report say of a run, and of reference numbers beside it."""

# The client of the engine, if there is one, and the reference numbers beside the tables.
PAPER = PAPERS[config["paper"]] if config["paper"] else None
PRESENTATION = PAPER.PRESENTATION if PAPER else Presentation()
REFERENCE = config["reference"] or (with_the_workflow("../reference") if PAPER else None)
REFERENCE_NAME = short_name(config["reference"]) if config["reference"] else PAPER and PAPER.NAME


def reference_of(table):
    """The file of a table's reference numbers, where there are some."""
    path = f"{REFERENCE}/{table}.csv"
    return ancient(local(path)) if REFERENCE and Path(path).is_file() else []


# Params of a rule whose result says on what it was measured.
DESCRIBED = {"run": describe_run(config)}
if GIVEN:
    DESCRIBED["teacher"] = describe_given_teacher(config["teacher"])
if PAPER:
    DESCRIBED["deviations"] = PAPER.deviations_in_words(
        config, settings_in("../../presets/paper.yaml")
    )
# What tables and figures are made from, besides files, and the settings that they take by name.
RUN_OF = {
    "results": RESULTS,
    "lacking": LACKING,
    "teachers": [network for network in NETWORKS if network not in STUDENTS],
    "sources": {network: NETWORKS[network].source for network in NETWORKS},
    "independent": {network: independent_students(network) for network in STUDENTS},
    "classes": config["classes"],
    "reference": REFERENCE_NAME,
}
SETTINGS = {
    "bin_width": config["evaluation"]["bin_width"],
    "student": SHOWN_STUDENT,
    "students": config["students"],
    "seed": FIRST_SEED,
    "reference_rows": dict(PRESENTATION.reference_rows) if not config["reference"] else {},
}
HEADINGS = {key: PRESENTATION.headed(key, section.heading) for key, section in SECTIONS.items()}
# A figure that needs a file which the run lacks, or more classes, has no pictures.
PICTURES = {
    name: (
        figure.pictures(NETWORKS)
        if all(FILES[need] for need in figure.needs)
        and len(config["classes"]) >= figure.fewest_classes
        else {}
    )
    for name, figure in FIGURES.items()
}
# The report's chapters.
with_figures = {FIGURES[name].section for name, pictures in PICTURES.items() if pictures}
chapters = ["result", *(key for key in SECTIONS if key in with_figures), "tables"]
titles = {"result": "Result", **HEADINGS, "tables": "Tables"}
digits = len(str(len(chapters)))  # the report sorts them as texts
CATEGORIES = {
    key: f"{number:0{digits}} {titles[key]}" for number, key in enumerate(chapters, start=1)
}


def in_report(file, chapter, **labels):
    """A file that the report shows, with the caption among the rule's params."""
    return report(file, caption="../report/result.rst", category=CATEGORIES[chapter], labels=labels)


def drawn(picture):
    """The two files of a picture."""
    name = PRESENTATION.numbered(picture)
    return [f"{RUN}/figures/{name}.svg", f"{RUN}/figures/{name}.png"]


def captioned(name, caption, has_reference):
    """Params of what the report shows: run description and caption."""
    notes = [PRESENTATION.notes[name]] if name in PRESENTATION.notes else []
    notes += [has_reference] if REFERENCE_NAME and has_reference else []
    return {"run_description": DESCRIBED, "caption": " ".join([caption, *notes])}
