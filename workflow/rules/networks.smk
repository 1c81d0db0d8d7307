"""What the rules need to know of a network: its recipe, its files, its memory and time."""


def network_of_job(wildcards):
    """Id of the network that a job is about."""
    return wildcards.get("student") or wildcards.get("network") or TEACHER


def recipe_of(network):
    """Training recipe of a network, by id, without what is neutral."""
    return recipes.without_neutral(recipes.recipe(config, NETWORKS[network].family))


def pixels_of(network):
    """The pixels that a network takes, by id."""
    return recipes.pixels(recipes.recipe(config, NETWORKS[network].family))


def options_of(network):
    """Options of the way that a network is taught, by id."""
    return dict(NETWORKS[network].options)


def independent_students(network):
    """Students of a network's recipe that learn from manual labels alone."""
    return [
        student
        for student in STUDENTS
        if NETWORKS[student].source is None
        and NETWORKS[student].is_first
        and not NETWORKS[student].options
        and student != network
        and (recipe_of(student), pixels_of(student)) == (recipe_of(network), pixels_of(network))
    ]


def recipe_of_job(wildcards):
    """Training recipe of the network that a job is about."""
    return recipe_of(network_of_job(wildcards))


def mem_mb_of_network(wildcards, input, threads):
    """Memory of a training run; what else is done with the network needs less. Measured: docs/cluster.md."""
    batch_size = recipe_of_job(wildcards).get(
        "batch_size", 64
    )  # of a given classifier: of predictions
    return 2500 + ceil(0.002 * batch_size * pixels_of(network_of_job(wildcards)).size ** 2)


def minutes_by_size(seconds_a_mb):
    """Minutes of a job, by the size of its input and its threads."""
    return lambda wildcards, input, threads: 10 + ceil(seconds_a_mb * input.size_mb / threads / 60)


def minutes_of_training(wildcards, input, threads):
    """Minutes of a training run. One that needs more resumes at the next attempt."""
    recipe = recipe_of_job(wildcards)
    seconds_a_mb = 1.5 if recipe["backbone"] in BACKBONES else 8
    return minutes_by_size(recipe["epochs"] * seconds_a_mb)(wildcards, input, threads)


def labels_made_from(wildcards):
    """Id of the network from whose predictions the labels are made; None where they need none."""
    return made_from(NETWORKS[wildcards.network])


def predictions_of_source(wildcards):
    """Predictions from which the labels are made and their lineage, where there are any."""
    if (source := labels_made_from(wildcards)) is None:
        return {}
    files = {
        part: path.format(seed=wildcards.seed, network=source) for part, path in PREDICTIONS.items()
    }
    return files | {"lineage": lineage_of(files.values())}


def predictions_of_unlabelled(wildcards):
    """The source's predictions of the images without a manual label, and their lineage."""
    path = UNLABELLED_PREDICTIONS.format(seed=wildcards.seed, network=labels_made_from(wildcards))
    return {UNLABELLED: path, "lineage": lineage_of([path])}


def predictions_of_members(wildcards):
    """The predictions of the networks of which one is the mean, by part, and their lineage."""
    members = NETWORKS[wildcards.mean].members
    files = {
        part: [path.format(seed=wildcards.seed, network=network) for network in members]
        for part, path in PREDICTIONS.items()
    }
    return files | {"lineage": lineage_of(path for of_part in files.values() for path in of_part)}


def files_of_recipe(network):
    """The files of the backbone and of its weights that a recipe names, by what they are."""
    recipe = recipe_of(network)
    found = {"backbone": recipe["backbone"]} if is_saved(recipe["backbone"]) else {}
    if recipe["weights"] not in (None, "imagenet"):
        found["weights"] = recipe["weights"]
    return found


def inputs_of_training(wildcards):
    """Labels, the files of the backbone and of its weights, and a source that answers, of the network to train."""
    network = network_of_job(wildcards)
    labels = LABELS.format(seed=wildcards.seed, network=network)
    found = {"labels": labels, "lineage": lineage_of([labels])}
    if recipe_of(network)["weights"] == "imagenet":
        found["weights"] = f"results/weights/{recipe_of(network)['backbone']}-imagenet-notop.h5"
    if (source := source_of_views(NETWORKS[network])) is not None:
        model = f"{SEED}/models/{source}.keras".format(seed=wildcards.seed)
        found |= {"source_model": model, "source_lineage": lineage_of([model])}
    if network in SEE_UNLABELLED:
        labels = UNLABELLED_LABELS.format(seed=wildcards.seed, network=network)
        found |= {"unlabelled_images": UNLABELLED_IMAGES, "unlabelled_labels": labels}
        found |= {"unlabelled_lineage": lineage_of([labels])}
    given = files_of_recipe(network).items()
    return found | {name: ancient(local(path)) for name, path in given}


def code_of_training(wildcards):
    """The code that trains a network: of its backbone, of the way it is taught, and of its augmentation."""
    network = network_of_job(wildcards)
    recipe = recipe_of(network)
    return code_of(
        "train",
        modules=(BACKBONES[recipe["backbone"]],) if recipe["backbone"] in BACKBONES else (),
        BACKBONES=(recipe["backbone"],),
        WAYS=(NETWORKS[network].way,),
        OPTIONS=tuple(options_of(network)),
        TRANSFORMATIONS=active(recipe["augmentation"]),
    )


def checkpoints(wildcards, output):
    """The folder for the checkpoints of a training run, wherever a module puts the results."""
    model = Path(output.model)
    return str(model.parents[1] / "checkpoints" / model.stem)


def teacher_labels(wildcards):
    """The teacher's labels, of the kind the network was trained on, and their lineage; only of networks with a source."""
    network = NETWORKS[wildcards.network]
    if network.source is None:
        return {}
    labels = LABELS.format(seed=wildcards.seed, network=Network(network.family, 0).id)
    return {"teacher_labels": labels, "teacher_lineage": lineage_of([labels])}


def card_of(network, seed):
    """What the metadata of an exported network say it is."""
    about = {"image_size": pixels_of(network).size, "recipe": recipe_of(network)}
    return card(NETWORKS[network], config["classes"], run=config["run"], seed=seed, **about)


def recipe_in_words(network):
    """For the model card: backbone and epochs of a network, or of what it is the mean, by id."""
    if NETWORKS[network].members:
        return f"the mean of {', '.join(NETWORKS[network].members)}"
    if network == TEACHER and GIVEN:
        return f"given: {Path(config['teacher'][GIVEN]).name}"
    recipe = recipe_of(network)
    epochs = f"{recipe['epochs']} epochs"
    if network in STAGES:
        epochs = f"the teacher after {STAGES[network]} of {epochs}"
    return f"{Path(recipe['backbone']).stem}, {epochs}"


def lineage_in_words(network):
    """A network, the one from whose predictions its labels are made, that one's and so on, for the model card."""
    found = []
    while network is not None:
        known = NETWORKS[network]
        settings = [f"{name} {setting}" for name, setting in known.options]
        source = made_from(known)
        labels = ", ".join([known.way, *settings]) if source else ""
        found.append((network, labels, recipe_in_words(network)))
        network = source
    return found


def inputs_of_model_card(wildcards):
    """The measurements of a network's export, and its time, as far as there are any."""
    network, is_first = wildcards.network, int(wildcards.seed) == FIRST_SEED
    measurements = f"{SEED}/{{form}}/{network}.json".format
    found = {"onnx": measurements(seed=wildcards.seed, form="onnx")}
    if is_first and network in LITERT:
        found["litert"] = measurements(seed=wildcards.seed, form="litert")
    if is_first and network in TIMED:
        found["timing"] = FILES["seconds"]
    return found


def given_photos(wildcards):
    """The folder of the user's own photos."""
    if config["photos"] is None:
        raise WorkflowError(
            "photos: expected a folder, got null; name one with --config photos=FOLDER"
        )
    return ancient(local(config["photos"]))


def given_audit(wildcards):
    """The user's own predictions to audit."""
    if config["audit"] is None:
        raise WorkflowError(
            "audit: expected a CSV of predictions, got null; name one with --config audit=FILE.csv"
        )
    return ancient(local(config["audit"]))


def content_of_audit(path):
    """A digest of the predictions to audit, a file or a folder of artefacts."""
    return fingerprint_of_archive(path) if Path(path).is_dir() else content_of_file(path)


def settings_of(network):
    """The settings that determine a network's model, by id, as the model's lineage has them."""
    if network in TRAINED:
        return training_settings(
            recipe_of(network),
            pixels_of(network).size,
            config["precision"],
            config["backend"],
            options_of(network),
        )
    used = ("preprocessing", "fit", "resample")
    recipe = {key: value for key, value in recipe_of(network).items() if key in used}
    return {"image_size": pixels_of(network).size} | recipe


def networks_to_time(wildcards):
    """The networks that are timed in each form."""
    return {
        f"{network}_{form}": forms_of(network)[form] for network in TIMED for form in TIMED_FORMS
    }
