import subprocess
import sys

import pytest
from grimp import build_graph

from tests.factories import REPO


@pytest.fixture(scope="module")
def graph():
    return build_graph("integrator")


@pytest.mark.parametrize("package", ["integrator.ministry", "integrator.conformance", "integrator.client"])
def test_what_stands_outside_of_the_gateway_shares_no_code_with_it(graph, package):
    ours = {package, *graph.find_descendants(package)}
    imported = {each for module in ours for each in graph.find_modules_directly_imported_by(module)}

    assert len(ours) > 5
    assert imported <= ours


def test_the_client_opens_in_an_interpreter_without_any_library():
    program = (
        f"import sys; sys.path.insert(0, {str(REPO)!r}); import integrator.client, integrator.client.__main__; "
        "print(*sorted(each for each in sys.modules if each.startswith('integrator.')))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert {each.split(".")[1] for each in done.stdout.split()} == {"client"}
