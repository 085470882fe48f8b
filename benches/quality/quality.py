"""Neural recommenders on the targets that `shelfmark evaluate` ranked: same stream, same candidates, same ranks.

    shelfmark evaluate EVENTS ITEMS --targets targets.ndjson
    python -m venv venv && venv/bin/pip install -r benches/quality/requirements.txt
    venv/bin/python benches/quality/quality.py targets.ndjson [--models esasrec sasrec gru4rec] [--output hits.json]

Each model is trained anew on everything before each 5% of the stream, as a nightly job would, and asked with the live
history of the actor, up to the unit that is ranked. Epochs and dropout are those that find most on the targets between
25% and 30% of the stream, after training on what was before. Histories are as long as all but 5% of actors need there,
at most 50 events. An actor without a known item gets popularity, and so do
items that the model has not seen, behind those it has.

The popularity baseline of `shelfmark evaluate` is computed once more from the same file and must agree: that holds the
candidates and the ranks of both programs together.
"""

import argparse
import json
import sys
import time

import numpy as np
import torch

from models import GRU4Rec, SASRec, eSASRec
from stream import Stream, bootstrap, decayed_popularity, recall, rank_units

MODELS = {"esasrec": eSASRec, "sasrec": SASRec, "gru4rec": GRU4Rec}
TUNED = (0.25, 0.30)
EPOCHS = (5, 10, 20, 40)
DROPOUTS = (0.2, 0.5)


def tune(model, stream):
    """Returns the dropout and the number of epochs that find most between 25% and 30% of the stream."""
    start, end = (stream.unit_at(part) for part in TUNED)
    best = (-1.0, DROPOUTS[0], EPOCHS[0])
    for dropout in DROPOUTS:
        trained = model(stream.items, stream.length, dropout)
        falls = 0
        for before, epochs in zip((0,) + EPOCHS, EPOCHS):
            trained.fit(stream.sequences(start), epochs - before)
            ranks = rank_units(stream, trained.scores, start, end)
            # Both columns count alike.
            found = sum(recall(ranks, which) for which in ("all", "novel")) / 2
            print(f"  dropout {dropout}, {epochs} epochs: {found:.4f}", flush=True)
            falls = 0 if found > best[0] else falls + 1
            best = max(best, (found, dropout, epochs))
            if falls == 2:
                break
    return best[1:]


def run(model, stream, every):
    """Ranks the whole counted stream with a training before each part of it."""
    dropout, epochs = tune(model, stream)
    ranks = []
    parts = np.arange(0, 1, every)
    for number, part in enumerate(parts):
        start = stream.unit_at(part)
        end = stream.unit_at(parts[number + 1]) if number + 1 < len(parts) else stream.units
        if not stream.counted(start, end):
            continue
        began = time.time()
        trained = model(stream.items, stream.length, dropout)
        trained.fit(stream.sequences(start), epochs)
        ranks += rank_units(stream, trained.scores, start, end)
        print(
            f"  {part:.0%}: recall@20 {recall(ranks, 'all'):.4f} / {recall(ranks, 'novel'):.4f},"
            f" {time.time() - began:.0f} s",
            flush=True,
        )
    return ranks, {"dropout": dropout, "epochs": epochs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", help="file that `shelfmark evaluate --targets` wrote")
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=list(MODELS))
    parser.add_argument("--every", type=float, default=0.05, help="share of the stream between trainings")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", help="file for the figures, as JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    stream = Stream(args.targets)
    print(f"{len(stream.target_items)} targets of {stream.actors} actors, {stream.items} items, histories of {stream.length}")
    check = rank_units(stream, decayed_popularity(stream, 10_000), 0, stream.units)
    for which in ("all", "novel"):
        ours, theirs = recall(check, which), stream.recall_of("half-life 10,000 events", which)
        print(f"popularity, {which}: here {ours:.4f}, in the file {theirs:.4f}")
        if abs(ours - theirs) > 1e-3:
            sys.exit("candidates or ranks differ from those of `shelfmark evaluate`")

    figures = {}
    for name in args.models:
        torch.manual_seed(args.seed)
        np.random.seed(args.seed)
        print(name, flush=True)
        ranks, settings = run(MODELS[name], stream, args.every)
        figures[name] = {"settings": settings}
        for which in ("all", "novel"):
            low, high, lead, lead_low, lead_high = bootstrap(stream, ranks, which, args.seed)
            figures[name][which] = {
                "recall": recall(ranks, which),
                "interval": [low, high],
                "shelfmark_ahead": lead,
                "ahead_interval": [lead_low, lead_high],
            }
            print(
                f"{name} {which}: {recall(ranks, which):.4f} ({low:.4f}-{high:.4f}); shelfmark"
                f" {stream.recall_of(0, which):.4f}, ahead by {lead:+.4f} ({lead_low:+.4f} to {lead_high:+.4f})",
                flush=True,
            )
        if args.output:
            with open(args.output, "w") as file:
                json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
