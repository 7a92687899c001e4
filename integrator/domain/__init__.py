"""The field's words as types: identifiers, states and moves, errors, outcomes, clock. Imports nothing of ours."""
