import pytest

from integrator.ministry.published import published_folder, read_wsdl


def test_in_a_checkout_the_top_folder_is_read():
    assert (published_folder() / "schemas").is_dir()


def test_an_operator_can_say_where_the_published_files_lie(monkeypatch, tmp_path):
    folder = tmp_path / "schemas" / "soap-g2"
    folder.mkdir(parents=True)
    (folder / "ibys.wsdl").write_text('<x targetNamespace="urn:another"/>')
    monkeypatch.setenv("IBYS_PUBLISHED_DIR", str(tmp_path))

    assert read_wsdl("soap-g2").namespace == "urn:another"


def test_a_generation_that_was_not_published_is_an_error():
    with pytest.raises(FileNotFoundError):
        read_wsdl("soap-g99")
