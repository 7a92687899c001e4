"""Writes their bytes anew with chosen differences mended, and notes every difference it meets on the way.

The test of a cause is in its effect: when their text with this difference mended, and nothing else, is ours byte
for byte, it is the cause. So each difference is mended by taking our spelling of that one place, never by guessing.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from integrator.receipt.markup import Node, Page, Sheet, codec_of, cut_sheet, read_tree
from integrator.receipt.pairing import by_name, labels, match, names_by_key
from integrator.receipt.values import LONGEST, Cause, known_causes, name_causes, name_key, value_causes

LARGEST_TREE = 1 << 17  # a real message has some 7 kB
KINDS = 4
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Met:
    """One difference where it was met first: the element's path, our text and theirs (not masked yet)."""

    cause: Cause
    path: str = field(repr=False)
    ours: str = field(repr=False)
    theirs: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides, read once."""

    ours: Page
    theirs: Page
    sheets: tuple[Sheet, Sheet]
    trees: tuple[Node | None, Node | None]

    @property
    def is_too_large(self) -> bool:
        """Whether the bodies are longer than anything we would compare element by element."""
        return max(len(sheet.body) for sheet in self.sheets) > LARGEST_TREE


def pair_of(ours: Page, theirs: Page) -> Pair:
    """The two texts cut and read; equal bodies and too large ones are not read into trees."""
    sheets = cut_sheet(ours.text), cut_sheet(theirs.text)
    pair = Pair(ours, theirs, sheets, (None, None))
    if sheets[0].body == sheets[1].body or pair.is_too_large:
        return pair
    return Pair(ours, theirs, sheets, (read_tree(sheets[0].body), read_tree(sheets[1].body)))


class Blend:
    """One writing of their text. `mended` None means: every difference. `met` is filled by `write`."""

    def __init__(self, pair: Pair, mended: frozenset[Cause] | None = None) -> None:
        self.met: dict[Cause, Met] = {}
        self._pair = pair
        self._mended = mended
        self._path: list[str] = []
        self._kinds: list[tuple[Cause, ...]] = []  # the ways in which values differed so far

    def write(self) -> bytes:
        """Their bytes with the chosen differences mended."""
        ours, theirs = self._pair.ours, self._pair.theirs
        text = self._text()
        bom, encoding = theirs.bom, theirs.encoding
        if ours.encoding != encoding:
            if self._mends([Cause.ENCODING], ours.encoding, encoding):
                bom, encoding = ours.bom, ours.encoding
        elif ours.bom != bom and self._mends([Cause.BOM], ours.bom.hex() or NOTHING, bom.hex() or NOTHING):
            bom = ours.bom
        return bom + text.encode(encoding, "replace")

    def _mends(self, causes: Iterable[Cause], ours: str, theirs: str, path: Sequence[str] | None = None) -> bool:
        causes = list(causes)
        where = "/".join(self._path if path is None else path)
        for cause in causes:
            if cause not in self.met:
                self.met[cause] = Met(cause, where, ours or NOTHING, theirs or NOTHING)
        return self._mended is None or self._mended.issuperset(causes)

    def _pick(self, causes: Iterable[Cause], ours: str, theirs: str) -> str:
        return ours if ours == theirs or self._mends(causes, ours, theirs) else theirs

    # the text outside the root

    def _text(self) -> str:
        ours, theirs = self._pair.sheets
        lead = self._pick([Cause.LEADING_SPACE], ours.lead, theirs.lead)
        declaration = self._declaration(ours.declaration, theirs.declaration)
        body = self._body()
        if self._is_mended(Cause.INDENTATION):  # who indents breaks the line after the prolog too: one cause
            gap, tail = ours.gap, ours.tail
        else:
            gap, tail = self._gap(), self._space(Cause.TRAILING_SPACE, ours.tail, theirs.tail)
        return self._line_ends(lead + declaration + gap + body + tail)

    def _gap(self) -> str:
        ours, theirs = self._pair.sheets
        if bool(ours.declaration) == bool(theirs.declaration):
            return self._space(Cause.PROLOG_BREAK, ours.gap, theirs.gap)
        return ours.gap if self._is_mended(Cause.DECLARATION_MISSING) else theirs.gap

    def _line_ends(self, text: str) -> str:
        """Last, on what is left: line breaks inside space that is mended anyway are no cause of their own."""
        ours = self._pair.ours.text
        if "\r" in text and "\r" not in ours and self._mends([Cause.LINE_ENDS], "LF", "CR"):
            return _lf(text)
        has_only_lf = "\n" in text and "\r" not in text
        if "\r\n" in ours and has_only_lf and self._mends([Cause.LINE_ENDS], "CR LF", "LF"):
            return text.replace("\n", "\r\n")
        return text

    def _is_mended(self, cause: Cause) -> bool:
        return cause in self.met and (self._mended is None or cause in self._mended)

    def _declaration(self, ours: str, theirs: str) -> str:
        if ours == theirs:
            return theirs
        if not ours or not theirs:
            return self._pick([Cause.DECLARATION_MISSING], ours, theirs)
        text = self._quotes(ours, theirs)
        text = self._standalone(ours, text)
        text = self._encoding_name(ours, text)
        others = (Cause.DECLARATION_QUOTES, Cause.STANDALONE, Cause.ENCODING_NAME, Cause.ENCODING)
        if any(cause in self.met and not self._is_mended(cause) for cause in others):
            return text
        return self._pick([Cause.DECLARATION_FORM], ours, text)

    def _quotes(self, ours: str, theirs: str) -> str:
        for mine, other in (('"', "'"), ("'", '"')):
            if other in theirs and other not in ours and self._mends([Cause.DECLARATION_QUOTES], mine, other):
                return theirs.replace(other, mine)
        return theirs

    def _standalone(self, ours: str, theirs: str) -> str:
        mine, other = _STANDALONE.search(ours), _STANDALONE.search(theirs)
        if (mine and mine[2]) == (other and other[2]):
            return theirs
        if not self._mends([Cause.STANDALONE], mine[0].strip() if mine else "", other[0].strip() if other else ""):
            return theirs
        bare = _STANDALONE.sub("", theirs)
        return bare.removesuffix("?>") + mine[0] + "?>" if mine else bare

    def _encoding_name(self, ours: str, theirs: str) -> str:
        mine, other = _ENCODING.search(ours), _ENCODING.search(theirs)
        if mine and other and mine[2] != other[2]:
            causes = [Cause.ENCODING] if self._is_true_name(other[2]) else [Cause.ENCODING_NAME]
            if self._mends(causes, mine[2], other[2]):
                return theirs[: other.start(2)] + mine[2] + theirs[other.end(2) :]
        return theirs

    def _is_true_name(self, name: str) -> bool:
        """Whether their declaration names the encoding in which they really wrote, and it is not ours."""
        theirs = self._pair.theirs.encoding
        named = codec_of(name)
        is_named = named == codec_of(theirs) or (named == "utf-16" and theirs.startswith("utf-16"))
        return theirs != self._pair.ours.encoding and is_named

    # the root and what is in it

    def _body(self) -> str:
        pair = self._pair
        ours, theirs = pair.sheets
        if ours.body == theirs.body:
            return theirs.body
        if pair.is_too_large:
            self._mends([Cause.TOO_LARGE], str(len(ours.body)), str(len(theirs.body)))
            return theirs.body
        if pair.trees[0] is None or pair.trees[1] is None:
            broken = ["ok" if tree else "broken" for tree in pair.trees]
            self._mends([Cause.BROKEN_XML], *broken)
            return theirs.body
        return self._node(pair.trees[0], pair.trees[1], pair.trees[0].name)

    def _node(self, ours: Node, theirs: Node, label: str) -> str:
        if ours.raw == theirs.raw:
            return theirs.raw
        self._path.append(label)
        written = self._tagged(ours, theirs, self._inside(ours, theirs))
        self._path.pop()
        return written

    def _inside(self, ours: Node, theirs: Node) -> str:
        if not ours.children and not theirs.children:
            return self._value(ours.last, theirs.last)
        return self._children(ours, theirs) + self._between(ours.last, theirs.last)

    def _tagged(self, ours: Node, theirs: Node, inside: str) -> str:
        causes = list(_tag_causes(ours, theirs))
        tags = ours if causes and self._mends(causes, ours.opening, theirs.opening) else theirs
        is_free = not causes or tags is ours  # then the form of an element that was emptied or filled follows ours
        if not inside and ours.is_empty and not theirs.is_empty and is_free:
            tags = ours
        if inside and not tags.closing:
            return f"{tags.opening[:-2].rstrip()}>{inside}</{tags.name}>"
        return tags.opening + inside + tags.closing

    def _value(self, ours: str, theirs: str) -> str:
        if ours == theirs:
            return theirs
        causes = known_causes(self._kinds, ours, theirs) if max(len(ours), len(theirs)) <= LONGEST else ()
        if not causes:
            causes = value_causes(ours, theirs)
            if causes not in self._kinds and len(self._kinds) < KINDS:
                self._kinds.append(causes)
        return self._pick(causes, ours, theirs)

    def _between(self, ours: str, theirs: str) -> str:
        """What stands between elements: space is indentation, anything else is a value in the wrong place."""
        if ours == theirs or ours.strip() or theirs.strip():
            return self._value(ours, theirs)
        return self._space(Cause.INDENTATION, ours, theirs)

    def _space(self, cause: Cause, ours: str, theirs: str) -> str:
        """Space outside values; when only its line ends differ it is left to `_line_ends`."""
        return theirs if _lf(ours) == _lf(theirs) else self._pick([cause], ours, theirs)

    def _children(self, ours: Node, theirs: Node) -> str:
        partner = match(ours.children, theirs.children)
        same = partner == list(range(len(ours.children)))
        order = partner if same else self._in_order(ours, partner)
        kept = [place for place in order if partner[place] >= 0 or not self._drops(theirs.children[place][1])]
        extras = self._extras(ours, set(partner))
        steps = labels(ours.children)
        written = [lead + node.raw for lead, node in extras.get(-1, ())]
        for place in kept:
            lead, node = theirs.children[place]
            mine = partner[place]
            if mine < 0:
                written.append(lead + node.raw)
                continue
            our_lead, our_node = ours.children[mine]
            written.append(self._between(our_lead, lead) + self._node(our_node, node, steps[mine]))
            written += [lead + node.raw for lead, node in extras.get(mine, ())]
        return "".join(written)

    def _drops(self, node: Node) -> bool:
        return self._mends([Cause.ELEMENT_MISSING], NOTHING, node.name, [*self._path, node.name])

    def _extras(self, ours: Node, matched: set[int]) -> dict[int, list[tuple[str, Node]]]:
        """Our elements that they lack, by the place of ours they follow; empty when these are not mended."""
        extras: dict[int, list[tuple[str, Node]]] = defaultdict(list)
        before = -1
        for place, (lead, node) in enumerate(ours.children):
            if place in matched:
                before = place
            elif self._mends([Cause.ELEMENT_EXTRA], node.name, NOTHING, [*self._path, node.name]):
                extras[before].append((lead, node))
        return extras

    def _in_order(self, ours: Node, partner: Sequence[int]) -> list[int]:
        """The places of their children, those with a partner brought into our order as far as that is mended."""
        places = [place for place, mine in enumerate(partner) if mine >= 0]
        keys = [name_key(node.name) for _, node in ours.children]
        wanted = [keys[mine] for mine in sorted(partner[place] for place in places)]
        found = [keys[partner[place]] for place in places]
        if wanted != found:
            first = next(at for at, (one, other) in enumerate(zip(wanted, found, strict=True)) if one != other)
            names = names_by_key(ours.children)
            if self._mends([Cause.ELEMENT_ORDER], names[wanted[first]], names[found[first]]):
                places = by_name(places, found, wanted)
                found = wanted
        places = self._lists_in_order(ours, partner, places, found)
        ordered = iter(places)
        return [next(ordered) if mine >= 0 else place for place, mine in enumerate(partner)]

    def _lists_in_order(
        self, ours: Node, partner: Sequence[int], places: Sequence[int], names: Sequence[str]
    ) -> list[int]:
        by_name: dict[str, list[int]] = defaultdict(list)
        for place, name in zip(places, names, strict=True):
            by_name[name].append(place)
        for name, several in by_name.items():
            ordered = sorted(several, key=lambda place: partner[place])
            if ordered != several:
                spelt = names_by_key(ours.children)[name]
                if self._mends([Cause.LIST_ORDER], spelt, spelt, [*self._path, spelt]):
                    by_name[name] = ordered
        queues = {name: deque(several) for name, several in by_name.items()}
        return [queues[name].popleft() for name in names]


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


_STANDALONE = re.compile(r"""\s+standalone\s*=\s*(["'])([^"'<>]*)\1""")
_ENCODING = re.compile(r"""encoding\s*=\s*(["'])([^"'<>]*)\1""")


def _tag_causes(ours: Node, theirs: Node) -> Iterator[Cause]:
    """Why the tags of one element differ; a form that only follows from being filled or empty is no cause."""
    if ours.name != theirs.name:
        yield from name_causes(ours.name, theirs.name) or (Cause.ROOT_NAME,)
    if _attributes(ours) != _attributes(theirs):
        yield Cause.TAG_FORM
    elif ours.is_empty and theirs.is_empty and bool(ours.closing) != bool(theirs.closing):
        yield Cause.EMPTY_FORM
    elif ours.name == theirs.name and bool(ours.closing) == bool(theirs.closing) and _tags(ours) != _tags(theirs):
        yield Cause.TAG_FORM


def _tags(node: Node) -> tuple[str, str]:
    return node.opening, node.closing


def _attributes(node: Node) -> str:
    return node.opening[1:-1].removesuffix("/").removeprefix(node.name).strip()
