"""What the study runner costs beside the trainings, and what its two choices bring.

  python benchmarks/study.py overhead [--seeds 6] [--budget quick]
  python benchmarks/study.py threads [--rounds 3] [--epochs 2]
  python benchmarks/study.py memory [--trainings 12]

overhead   a whole study, stride-vs-pooling on shapes, from an empty folder: the share of
           its time that is no training (starting, reading, timing, judging, the report)
threads    the same trainings with as many processes of one thread as there are cores, and one
           after another with all cores' threads, taking turns; the median ratio of the times
memory     the most memory a worker has held after each of several trainings, with one traced
           step for all seeds and with a new one for each
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("overhead", "threads", "memory", "worker"))
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--trainings", type=int, default=12)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--shared", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    {"overhead": overhead, "threads": threads, "memory": memory, "worker": worker}[options.what](
        options
    )


def overhead(options):
    from evrisim import experiments
    from evrisim.study.shipped import named
    from evrisim.training import Run

    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        found = experiments.settle(
            named("stride-vs-pooling"),
            budget=options.budget,
            seeds=options.seeds,
            directory=Path(folder) / "study",
        )
        wall = time.monotonic() - started
        runs = [run for arm in found.facts["arms"] for run in arm["runs"].values()]
        facts = [Run.open(found.directory / run).facts for run in runs]
    began = min(datetime.fromisoformat(one["started"]) for one in facts)
    ended = max(datetime.fromisoformat(one["stopped"]) for one in facts)
    jobs = found.facts["jobs"]
    trained = (ended - began).total_seconds()
    traced = found.facts["seconds"]["tracing"] / jobs
    print(f"stride-vs-pooling, shapes, {options.budget}, {options.seeds} seeds, {jobs} at a time")
    print(
        f"  whole {wall:.0f} s; from the first training's start to the last's end {trained:.0f} s"
    )
    print(f"  tracing the arms' steps, which a training alone does itself: {traced:.0f} s")
    print(f"  all but training: {100 * (1 - (trained + traced) / wall):.1f} %")


def threads(options):
    cores = len(os.sched_getaffinity(0))
    ratios = []
    for _ in range(options.rounds):
        together = timed([started(1, 1, options) for _ in range(cores)])
        in_turn = sum(timed([started(cores, 1, options)]) for _ in range(cores))
        ratios.append(in_turn / together)
    print(f"{cores} trainings, batch {options.batch}, {options.rounds} rounds")
    print(
        f"  {cores} at a time with 1 thread each: x{statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}) as fast as one after another with {cores}"
    )


def memory(options):
    for shared, name in ((1, "one traced step for all seeds"), (0, "a new step for each seed")):
        (line,) = started(1, options.trainings, options, shared=shared).communicate()[:1]
        peaks = [int(word) for word in line.split()[1:]]
        growth = (peaks[-1] - peaks[0]) / max(len(peaks) - 1, 1)
        print(f"{name}: MiB after each training {peaks}; {growth:.1f} MiB a training")


def timed(workers):
    """Give the longest training time of processes that run at once, their start left out."""
    return max(float(worker.communicate()[0].split()[0]) for worker in workers)


def started(count, trainings, options, *, shared=1):
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    return subprocess.Popen(
        [
            *(sys.executable, __file__, "worker", "--trainings", str(trainings)),
            *("--epochs", str(options.epochs), "--batch", str(options.batch)),
            *("--shared", str(shared)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **dict.fromkeys(names, str(count))},
    )


def worker(options):
    """Train, and print the seconds and the peak memory after each training."""
    from evrisim.data import shapes
    from evrisim.machine import peak_memory
    from evrisim.training import ModelChoice, Recipe, Workbench, fit

    dataset = shapes.generate((2000, 500, 500))
    choice = ModelChoice("convnet", {"width": 16})
    bench, peaks, seconds = Workbench(choice), [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.trainings):
            rate = 0.1 * options.batch / 64
            settings = {"epochs": options.epochs, "batch_size": options.batch, "seed": seed}
            recipe = Recipe.load("course").with_settings({**settings, "learning_rate": rate})
            model = bench if options.shared else choice
            run = fit(dataset, model, recipe, directory=Path(folder) / str(seed))
            # The first epoch holds the tracing, which the two ways share in the same measure.
            seconds += sum(row["seconds"] for row in run.history[1:])
            peaks.append(peak_memory() // 2**20)
    print(f"{seconds:.2f}", *peaks)


if __name__ == "__main__":
    main()
