"""`evrisim backbones` as a user types it."""

from command_line import result
from evrisim import backbones
from evrisim.cli import main


def test_the_well_known_are_listed_and_all_when_asked(capsys):
    assert [one["name"] for one in result(capsys, "backbones")] == list(backbones.WELL_KNOWN)
    every = result(capsys, "backbones", "--all")
    assert [one["name"] for one in every] == list(backbones.BACKBONES)


def test_weights_that_are_here_are_told(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    assert not any(one["weights_here"] for one in result(capsys, "backbones", "--all"))
    name = backbones.BACKBONES["mobilenet_v2"].weights_file.format(size=160)
    (tmp_path / "models" / name).touch()
    here = {one["name"]: one["weights_here"] for one in result(capsys, "backbones", "--all")}
    assert here.pop("mobilenet_v2") == [name]
    assert not any(here.values())


def test_the_table_says_where_weights_go_and_what_else_can_be_taken(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert main(["backbones"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert str(tmp_path / "models") in text
    assert "the folder of a run, a .keras file, or hub:" in text
    assert "evrisim backbones --all" in text
