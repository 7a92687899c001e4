import pytest
from grimp import build_graph


@pytest.fixture(scope="module")
def graph():
    return build_graph("integrator")


@pytest.mark.parametrize("package", ["integrator.ministry", "integrator.conformance"])
def test_what_the_gateway_is_tested_against_shares_no_code_with_it(graph, package):
    ours = {package, *graph.find_descendants(package)}
    imported = {each for module in ours for each in graph.find_modules_directly_imported_by(module)}

    assert len(ours) > 10
    assert imported <= ours
