"""Whether trainings of under a minute rank designs as longer ones do, on the study `fast-parts`.

  python benchmarks/proxy.py [--out runs/proxy] [--seeds 3] [--images 22500] [--batch 512]
      [--long-seeds 1]

The short trainings are those of the budget `quick`; the long ones have the recipe's ten epochs on
half of the images, in batches of half its size: as many steps as the recipe has with all of them.
Both lie in the folder, so that the benchmark can be stopped and goes on. Printed is how far the
two rankings agree, as `evrisim study agree` says it; the test split is opened once for each.
"""

import argparse
from dataclasses import replace
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/proxy"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=22500)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--long-seeds", type=int, default=1)
    options = parser.parse_args()
    from evrisim import study
    from evrisim.study.agreement import agreement

    plan = study.named("fast-parts")
    longer = {"data.train_images": options.images, "batch_size": options.batch}
    plans = {
        "short": (plan, "quick", options.seeds),
        "long": (replace(plan, budgets={"full": longer}), "full", options.long_seeds),
    }
    found = {name: settled(options.out / name, *of) for name, of in plans.items()}
    told = agreement(found["short"].findings().arms, found["long"].findings().arms)
    for name, short, long in zip(told.names, told.short, told.long, strict=True):
        print(f"{name:16}{short:8.1%}{long:8.1%}")
    print(told.sentence)


def settled(directory, plan, budget, seeds):
    from evrisim import experiments

    def show(progress):
        if progress.note:
            print(progress.note, flush=True)

    return experiments.settle(plan, budget=budget, seeds=seeds, directory=directory, show=show)


if __name__ == "__main__":
    main()
