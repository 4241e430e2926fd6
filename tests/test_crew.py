from typing import ClassVar

import pytest

from evrisim.study import crew as room
from evrisim.study import runner
from evrisim.study.record import StudyRun


class Fake:
    """A worker that answers at once; all of them are kept in `hired`."""

    hired: ClassVar[list] = []

    def __init__(self, answers, *, threads, log):
        self.answers, self.task, self.arms, self.ended = answers, None, set(), False
        self.memory = self.first_memory = 0
        Fake.hired.append(self)

    def tell(self, task):
        self.task = task
        self.arms.add(task["arm"])
        self.answers.put((self, {"event": "done", "id": task["id"], "memory": 1}))

    def end(self):
        self.ended = True


@pytest.fixture
def hired(monkeypatch):
    monkeypatch.setattr(room, "Process", Fake)
    monkeypatch.setattr(Fake, "hired", [])
    return Fake


def tasks(count):
    return [{"do": "warm", "id": number, "arm": f"arm-{number}"} for number in range(count)]


def test_a_crew_that_shrinks_has_fewer_workers_from_then_on(hired, tmp_path):
    with room.Crew(threads=1, log=tmp_path / "log", size=3) as crew:
        assert len(list(crew.work(tasks(6)))) == 6
        crew.shrink(1)
        assert [worker.ended for worker in hired.hired] == [False, True, True]
        assert len(list(crew.work(tasks(4)))) == 4
        crew.shrink(5)
        assert crew.size == 1
    assert len(hired.hired) == 3
    assert all(worker.ended for worker in hired.hired)


def test_nothing_to_judge_starts_no_worker(hired, tmp_path):
    facts = {"arms": [], "seeds": [0], "threads": 1, "test_openings": 1}
    study = StudyRun(tmp_path, facts)
    assert runner.open_test(study).facts == facts
    assert hired.hired == []
