"""Finds for each of their elements the one of ours that it is: same name, then same content, then same turn.

Names and contents are compared by what they say, not by how they spell it (`values.py`).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from integrator.receipt.markup import Node
from integrator.receipt.values import name_key, value_key

Children = Sequence[tuple[str, Node]]
"""(the text before it, the element)."""


def match(ours: Children, theirs: Children) -> list[int]:
    """For each of their children the place of ours that it is, -1 for none. By name, then content, then order."""
    names = [node.name for _, node in ours]
    if len(set(names)) == len(names) and names == [node.name for _, node in theirs]:
        return list(range(len(names)))
    waiting: dict[str, list[int]] = defaultdict(list)
    for place, (_, node) in enumerate(ours):
        waiting[name_key(node.name)].append(place)
    groups: dict[str, list[int]] = defaultdict(list)
    for place, (_, node) in enumerate(theirs):
        groups[name_key(node.name)].append(place)
    partner = [-1] * len(theirs)
    for name, places in groups.items():
        for place, mine in _within_name(waiting.get(name, []), places, ours, theirs):
            partner[place] = mine
    return partner


def _within_name(
    ours: list[int], theirs: list[int], our_nodes: Children, their_nodes: Children
) -> Iterator[tuple[int, int]]:
    """(their place, our place) within one name; those of equal content first, the rest in their order."""
    if len(ours) == len(theirs) == 1:
        yield theirs[0], ours[0]
        return
    by_content: dict[str, deque[int]] = defaultdict(deque)
    for place in ours:
        by_content[_content(our_nodes[place][1])].append(place)
    left, taken = [], set()
    for place in theirs:
        same = by_content.get(_content(their_nodes[place][1]))
        if same:
            taken.add(same[0])
            yield place, same.popleft()
        else:
            left.append(place)
    yield from zip(left, (place for place in ours if place not in taken), strict=False)


def _content(node: Node) -> str:
    """What an element says, whatever its spelling; equal for equal entries of a list."""
    if not node.children:
        return value_key(node.last)
    return "".join(f"<{name_key(child.name)}>{_content(child)}</>" for _, child in node.children)


def labels(children: Children) -> list[str]:
    """The path step of each child: its name, with its number among those of that name when there are several."""
    total: dict[str, int] = defaultdict(int)
    for _, node in children:
        total[node.name] += 1
    seen: dict[str, int] = defaultdict(int)
    steps = []
    for _, node in children:
        seen[node.name] += 1
        steps.append(f"{node.name}[{seen[node.name]}]" if total[node.name] > 1 else node.name)
    return steps


def names_by_key(children: Children) -> dict[str, str]:
    """Key -> the name as we write it."""
    return {name_key(node.name): node.name for _, node in children}


def by_name(places: Sequence[int], found: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """`places` so that their names stand as `wanted`, those of one name keeping their order."""
    queues: dict[str, deque[int]] = defaultdict(deque)
    for place, name in zip(places, found, strict=True):
        queues[name].append(place)
    return [queues[name].popleft() for name in wanted]
