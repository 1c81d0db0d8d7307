"""What a network is, in words: its recipe, who taught it, and what the metadata of its files say."""

from pathlib import Path

from snakedistill.core.network_ids import TEACHER
from snakedistill.export.card import card
from snakedistill.plan.networks import Plan
from snakedistill.teaching import STAGES, made_from


def card_of(plan: Plan, network: str, seed: int | str) -> dict[str, str]:
    """What the metadata of an exported network say it is; files of the user's by their names, not by their paths."""
    recipe = plan.recipe(network)
    names = {key: Path(recipe[key]).name for key in ("backbone", "weights") if recipe.get(key)}
    return card(
        plan.networks[network],
        plan.config["classes"],
        run=plan.config["run"],
        seed=seed,
        pixels=plan.pixels(network),
        recipe=recipe | names,
    )


def recipe_in_words(plan: Plan, network: str) -> str:
    """Backbone and epochs of a network, or of what it is the mean, for the model card."""
    if members := plan.networks[network].members:
        return f"the mean of {', '.join(members)}"
    if network == TEACHER and plan.given:
        return f"given: {Path(plan.config['teacher'][plan.given]).name}"
    recipe = plan.recipe(network)
    epochs = f"{'at most ' if 'patience' in recipe else ''}{recipe['epochs']} epochs"
    if network in STAGES:
        epochs = f"the teacher after {STAGES[network]} of {epochs}"
    share = f", {100 * recipe['train_share']:g} % of the training images" if "train_share" in recipe else ""
    return f"{Path(recipe['backbone']).stem}, {epochs}{share}"


def lineage_in_words(plan: Plan, network: str | None) -> list[tuple[str, str, str]]:
    """A network, the one from whose predictions its labels are made, that one's and so on, for the model card.

    Returns:
        Of each of them its id, its labels and options, and its recipe; the network itself first.
    """
    found = []
    while network is not None:
        known = plan.networks[network]
        settings = [f"{name} {setting}" for name, setting in known.options]
        source = made_from(known)
        labels = ", ".join([str(known.way), *settings]) if source else ""
        found.append((network, labels, recipe_in_words(plan, network)))
        network = source
    return found
