"""The stream of a targets file, and ranks as `shelfmark evaluate` defines them."""

import json

import numpy as np

K = 20
RESAMPLES = 1000
UNITS_AT_ONCE = 256
LENGTHS = (5, 50)
LENGTH_PART = 0.3


class Stream:
    """Targets in the order of learning, by unit: one actor, one timestamp."""

    def __init__(self, path):
        with open(path) as file:
            self.methods = json.loads(next(file))["methods"]
            lines = [json.loads(line) for line in file]
        numbers = {}
        self.target_items = np.array([numbers.setdefault(line["item"], len(numbers)) for line in lines])
        self.items = len(numbers)
        self.target_units = np.array([line["unit"] for line in lines])
        self.target_actors = np.array([line["actor"] for line in lines])
        self.target_batches = np.array([line["batch"] for line in lines])
        self.liked = np.array([line["liked"] for line in lines])
        self.ranked = [line["all"] for line in lines]
        self.novel = [line["novel"] for line in lines]
        self.units = int(self.target_units[-1]) + 1
        self.actors = int(self.target_actors.max()) + 1
        # First target of each unit; units without a target are empty.
        self.bounds = np.searchsorted(self.target_units, np.arange(self.units + 1))
        # Liked targets before each one: what the model counts as the stream's progress.
        self.progress = np.concatenate([[0], np.cumsum(self.liked)])
        # An item competes from the batch after its first event on.
        self.first_batch = np.full(self.items, np.iinfo(np.int64).max)
        for item, batch in zip(self.target_items, self.target_batches):
            self.first_batch[item] = min(self.first_batch[item], batch)
        # Targets of each actor, in order.
        self.of_actor = [[] for _ in range(self.actors)]
        for target, actor in enumerate(self.target_actors):
            self.of_actor[actor].append(target)
        self.of_actor = [np.array(targets, dtype=np.int64) for targets in self.of_actor]

        lengths = [len(sequence) for sequence in self.sequences(self.unit_at(LENGTH_PART))]
        # Events of a history that all but 5% of actors need.
        self.length = int(np.clip(np.percentile(lengths, 95), *LENGTHS))

    def unit_at(self, part):
        """Returns the first unit after this share of the stream."""
        target = int(np.searchsorted(self.progress, part * self.progress[-1]))
        return int(self.target_units[min(target, len(self.target_units) - 1)])

    def counted(self, start, end):
        """Returns the counted targets of units from `start` to before `end`."""
        targets = range(self.bounds[start], self.bounds[end])
        return [target for target in targets if self.ranked[target]]

    def past(self, unit):
        """Returns all targets of the unit's actor before the unit."""
        first = self.bounds[unit]
        targets = self.of_actor[self.target_actors[first]]
        return targets[: np.searchsorted(targets, first)]

    def history(self, unit):
        """Returns the liked items of the unit's actor before the unit, oldest first."""
        past = self.past(unit)
        return self.target_items[past[self.liked[past]]]

    def sequences(self, unit):
        """Returns the liked items before a unit, a sequence for each actor."""
        end = self.bounds[unit]
        sequences = (targets[: np.searchsorted(targets, end)] for targets in self.of_actor)
        return [self.target_items[targets[self.liked[targets]]] for targets in sequences if len(targets)]

    def recall_of(self, method, which):
        """Returns the recall in the file of a method, by number or by a part of its description."""
        if isinstance(method, str):
            method = next(n for n, each in enumerate(self.methods) if method in each["about"])
        ranks = self.ranked if which == "all" else self.novel
        hits = [rank[method] is not None and rank[method] <= K for rank in ranks if rank]
        return float(np.mean(hits))


def rank_units(stream, scores_of, start, end):
    """Ranks the counted targets of units. `scores_of(units, histories)` gives `[units, items]`.

    Returns a list of (target, rank among all, rank among novel items or None); infinity where it is no candidate.
    """
    ranks = []
    units = [unit for unit in range(start, end) if stream.counted(unit, unit + 1)]
    for first in range(0, len(units), UNITS_AT_ONCE):
        group = units[first : first + UNITS_AT_ONCE]
        all_scores = scores_of(group, [stream.history(unit) for unit in group])
        for unit, scores in zip(group, all_scores):
            own = np.unique(stream.target_items[stream.past(unit)])
            candidates = stream.first_batch < stream.target_batches[stream.bounds[unit]]
            open_scores = np.where(candidates, scores, -np.inf)
            own_scores = open_scores[own]
            for target in stream.counted(unit, unit + 1):
                item = stream.target_items[target]
                if not candidates[item]:
                    rank = np.inf
                else:
                    score = open_scores[item]
                    rank = 1 + np.sum(open_scores > score) + 0.5 * (np.sum(open_scores == score) - 1)
                novel = None
                if stream.novel[target] is not None:
                    novel = rank
                    if np.isfinite(rank):
                        novel -= np.sum(own_scores > score) + 0.5 * np.sum(own_scores == score)
                ranks.append((target, rank, novel))
    return ranks


def decayed_popularity(stream, half_life):
    """Returns a function that scores by decayed counts, as `shelfmark evaluate`'s popularity does."""
    state = {"counts": np.zeros(stream.items), "target": 0}

    def scores(units, histories):
        rows = []
        for unit in units:
            for target in range(state["target"], stream.bounds[unit]):
                if stream.liked[target]:
                    state["counts"] *= 2 ** (-1 / half_life)
                    state["counts"][stream.target_items[target]] += 1
            state["target"] = max(state["target"], stream.bounds[unit])
            rows.append(state["counts"].copy())
        return rows

    return scores


def recall(ranks, which):
    """Returns the share of targets with rank 20 or better."""
    values = [rank if which == "all" else novel for _, rank, novel in ranks]
    values = np.array([value for value in values if value is not None], dtype=float)
    return float(np.mean(values <= K)) if len(values) else 0.0


def bootstrap(stream, ranks, which, seed):
    """Resamples actors. Returns the 95% interval of the recall, and shelfmark's lead with its interval."""
    targets, hits, ours = (np.zeros(stream.actors) for _ in range(3))
    for target, rank, novel in ranks:
        value = rank if which == "all" else novel
        if value is None:
            continue
        actor = stream.target_actors[target]
        mine = (stream.ranked if which == "all" else stream.novel)[target][0]
        targets[actor] += 1
        hits[actor] += value <= K
        ours[actor] += mine is not None and mine <= K
    draws = np.random.default_rng(seed)
    recalls, leads = [], []
    for _ in range(RESAMPLES):
        drawn = draws.integers(0, stream.actors, stream.actors)
        total = targets[drawn].sum()
        recalls.append(hits[drawn].sum() / total)
        leads.append((ours[drawn].sum() - hits[drawn].sum()) / total)
    lead = (ours.sum() - hits.sum()) / targets.sum()
    return (*np.percentile(recalls, [2.5, 97.5]), lead, *np.percentile(leads, [2.5, 97.5]))
