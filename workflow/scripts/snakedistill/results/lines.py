"""Who learned from whom: lines of networks, and the pairs of them that are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snakedistill.core.network_ids import Network, parsed

Sources = Mapping[str, str | None]
"""Id of the source of labels of each network, or None."""


def ancestors(network: str, sources: Sources) -> list[str]:
    """The networks that a network learned from, the nearest first; the last one is its teacher."""
    found: list[str] = []
    while (source := sources.get(found[-1] if found else network)) is not None:
        found.append(source)
    return found


def generation(network: str, sources: Sources) -> int:
    """0 of a student of a teacher, or of a network without a source; one more with each further student between."""
    return max(len(ancestors(network, sources)) - 1, 0)


def chains(sources: Sources) -> dict[str, list[str]]:
    """The networks of each chain of students, generation by generation, by the name of its family.

    A chain ends with a network that is no source, and has at least two students. Its family is the last network's name
    without its generation, for example `soft` of `soft-6`, where that is the name of nothing else.
    """
    last = [network for network in sources if generation(network, sources) and network not in sources.values()]
    families = [network.removesuffix(f"-{generation(network, sources)}") for network in last]
    found = {}
    for network, family in zip(last, families, strict=True):
        unmistakable = family not in sources and families.count(family) == 1
        chain = [*reversed(ancestors(network, sources)[:-1]), network]
        found[family if unmistakable else network] = chain
    return found


def as_networks(sources: Sources) -> dict[str, Network]:
    """Networks of any names, by these, with family and generation by what they learned from.

    The family of a student is that of its chain, or its own name; a network without a source has no generation.
    """
    families = {network: family for family, chain in reversed(chains(sources).items()) for network in chain}
    return {
        network: Network(
            families.get(network, network), None if source is None else generation(network, sources), source=source
        )
        for network, source in sources.items()
    }


@dataclass(frozen=True)
class Pair:
    """Two networks whose accuracies are compared, or the changes of accuracy from an earlier network to each of them.

    Attributes:
        one: id.
        other: id.
        about: key of `ABOUT`, what the comparison is about.
        since: ids of the earlier networks of both, or None.
    """

    one: str
    other: str
    about: str
    since: tuple[str, str] | None = None

    @property
    def names(self) -> tuple[str, str]:
        """What is compared: ids, or differences of ids."""
        if self.since is None:
            return self.one, self.other
        return change(self.one, self.since[0]), change(self.other, self.since[1])


def change(network: str, since: str) -> str:
    """The name of the change of accuracy from an earlier network to a later one."""
    return f"{network} - {since}"


ABOUT = {
    "teacher": "a student against its teacher",
    "independent": "a student against the independent student",
    "recursion": "a later generation against the first of its chain",
    "retraining": "the change along a chain against that of as many training runs on manual labels",
    "families": "two families of students of the same teacher and generation",
    "probe": "a network against the head alone, fitted to manual labels on the same backbone with ImageNet weights",
    "networks": "two networks, none of which learned from the other",
}
"""What comparisons are about, in words."""
MOST_IN_ALL_PAIRS = 20
"""Of more networks without a source, each is compared with the first alone: Holm's correction grows with the pairs."""


def pairs(
    sources: Sources,
    independent: Mapping[str, Sequence[str]],
    teachers: Sequence[str],
    probes: Mapping[str, str] | None = None,
) -> list[Pair]:
    """The pairs of networks that are compared; all of them where there is no teacher and no source.

    Args:
        sources: source of each network, in the order of the networks.
        independent: independent students beside each network.
        teachers: networks that are no students.
        probes: the probe beside a network, by the network's id; probes are neither students nor teachers.
    """
    probes = probes or {}
    if not teachers and not any(sources.values()):
        return _of_equals(list(sources))
    found: list[Pair] = []
    students = [network for network in sources if network not in (*teachers, *probes.values())]
    lines = {network: ancestors(network, sources) for network in students}
    firsts = [network for network in students if len(lines[network]) <= 1]
    for network in firsts:
        of = lines[network] or teachers
        found += [Pair(network, teacher, "teacher") for teacher in of]
    for network in firsts:
        if lines[network]:
            found += [Pair(network, one, "independent") for one in independent.get(network, ())]
    for network in students:
        if len(lines[network]) > 1:
            found.append(Pair(network, lines[network][-2], "recursion"))
    for network in students:
        if len(lines[network]) > 1:
            found += _beside_retraining(network, lines[network][-2], generation(network, sources), sources, independent)
    taught = [network for network in students if lines[network]]
    for number, other in enumerate(taught):
        for one in taught[number + 1 :]:
            if len(lines[one]) == len(lines[other]) and lines[one][-1] == lines[other][-1]:
                found.append(Pair(one, other, "families"))
    return found + [Pair(network, probe, "probe") for network, probe in probes.items()]


def _beside_retraining(
    network: str, first: str, generation: int, sources: Sources, independent: Mapping[str, Sequence[str]]
) -> list[Pair]:
    """The change along a chain beside that of an independent student that was trained anew as often.

    The independent student of the chain's first network is, for example, `classic-0`, and the one of the same
    generation `classic-3`, which learned from manual labels too.
    """
    found = []
    for one in independent.get(first, ()):
        named = parsed(one)
        again = Network(named.family, generation).id
        if named.generation == 0 and again in sources and sources[again] is None:
            found.append(Pair(network, again, "retraining", since=(first, one)))
    return found


def _of_equals(networks: list[str]) -> list[Pair]:
    """Each network against all before it, or of many networks against the first."""
    first = networks if len(networks) <= MOST_IN_ALL_PAIRS else networks[:1]
    return [Pair(one, other, "networks") for number, other in enumerate(first) for one in networks[number + 1 :]]
