import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.errors import IllegalMove
from integrator.domain.outcomes import END, KNOWN_NOT_STORED, Kind, Outcome
from integrator.domain.states import FINAL, FOR_A_PERSON, MOVES, SETTLED, State, advance

S = State
# The design's table, written out a second time (design 5), and the rows of decisions 0012 and 0015.
TABLE = {
    "a": ["awaiting_signature queued"],
    "b": ["queued sending"],
    "c": ["sending accepted"],
    "d": ["sending partial"],
    "e": ["sending refused"],
    "f": ["sending queued"],
    "g": ["sending uncertain"],
    "h": ["sending held"],
    "p": ["sending pending"],
    "i": ["uncertain accepted", "uncertain partial", "uncertain refused", "uncertain queued", "uncertain pending"],
    "q": ["pending accepted", "pending partial", "pending refused", "pending held"],
    "j": ["held queued"],
    "k": ["refused superseded"],
    "x": ["awaiting_signature cancelled", "queued cancelled", "held cancelled"],
    "z": ["queued quarantined"],
    "u": ["uncertain held"],
    "v": ["held uncertain"],
    "y": ["quarantined queued", "quarantined cancelled"],
}
EDGES = {(S(edge.split()[0]), S(edge.split()[1])): letter for letter, edges in TABLE.items() for edge in edges}


def test_the_table_of_moves_is_the_designs():
    written = {(start, end): letter for letter, rows in MOVES.items() for start, ends in rows.items() for end in ends}

    assert written == EDGES


@pytest.mark.parametrize(("edge", "letter"), EDGES.items(), ids=str)
def test_each_listed_move_has_its_letter(edge, letter):
    assert advance(*edge) == letter


@given(st.sampled_from(State), st.sampled_from(State))
def test_every_other_move_is_illegal(start, end):
    if (start, end) in EDGES:
        return
    with pytest.raises(IllegalMove):
        advance(start, end)


@given(st.sampled_from(sorted(FINAL)), st.sampled_from(State))
def test_no_final_state_ever_moves(start, end):
    with pytest.raises(IllegalMove):
        advance(start, end)


def test_a_refused_message_can_only_be_superseded():
    assert {end for start, end in EDGES if start is S.REFUSED} == {S.SUPERSEDED}


def test_every_state_that_waits_for_a_person_has_a_way_out():
    assert all(any(start is state for start, _ in EDGES) for state in FOR_A_PERSON)


def test_every_state_is_reached_from_a_birth():
    reached = {S.AWAITING_SIGNATURE}
    for _ in State:
        reached |= {end for start, end in EDGES if start in reached}

    assert reached == set(State)


def test_nothing_settled_goes_back_to_the_wire():
    assert not any(start in SETTLED and end in (S.QUEUED, S.SENDING) for start, end in EDGES)


@pytest.mark.parametrize("kind", Kind)
def test_every_outcome_leads_to_a_legal_move_from_sending(kind):
    assert advance(S.SENDING, END[kind])


def test_only_what_is_known_not_stored_goes_back_to_the_queue():
    assert {kind for kind in Kind if END[kind] is S.QUEUED} == KNOWN_NOT_STORED


def test_only_one_kind_counts_as_success():
    assert [kind for kind in Kind if END[kind] is S.ACCEPTED] == [Kind.ACCEPTED]


@pytest.mark.parametrize("kind", Kind)
def test_only_a_passive_firm_burns_no_attempt(kind):
    assert Outcome(kind, "x").burns_attempt == (kind is not Kind.PASSIVE)
