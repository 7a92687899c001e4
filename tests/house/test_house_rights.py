from integrator.domain.roles import RIGHTS, Right, Role
from tests.factories import REPO

PAGE = (REPO / "docs" / "api" / "README.md").read_text()


def rows():
    """The table as it follows from roles.py."""
    head = ["| Right | " + " | ".join(Role) + " |", "|---" * (len(Role) + 1) + "|"]
    return head + [
        f"| `{right}` | " + " | ".join("yes" if right in RIGHTS[role] else "" for role in Role) + " |"
        for right in Right
    ]


def test_the_page_has_the_table_of_rights_as_the_code_has_it():
    section = PAGE.partition("## Who may what")[2].partition("\n## ")[0]

    assert [line for line in section.splitlines() if line.startswith("|")] == rows()
