"""Neural recommenders: eSASRec and SASRec of RecTools, and GRU4Rec.

Each has `fit(sequences, epochs)`, which trains on, and `scores(units, histories)`, which gives `[units, items]`.
"""

import logging
import warnings

import numpy as np
import pandas as pd
import torch
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.transformers.ligr import LiGRLayers

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")

FACTORS = 128
BATCH = 128
RATE = 1e-3
NEGATIVES = 256


def windows(sequences, length):
    """Cuts sequences into windows of `length` targets, of which each begins with the last item of the one before."""
    for sequence in sequences:
        for end in range(len(sequence), 1, -length):
            yield sequence[max(0, end - length - 1) : end]


class Popular:
    """Counts of the training data, for actors and items that a model does not know."""

    def __init__(self, items):
        self.counts = np.zeros(items)

    def fit(self, sequences):
        self.counts = np.bincount(np.concatenate(sequences), minlength=len(self.counts)).astype(float)

    def behind(self, scores, known):
        """Puts unknown items behind known ones, by popularity."""
        below = np.min(scores[known]) - 2 if known.any() else 0.0
        share = self.counts / (1 + self.counts.max())
        return np.where(known, scores, below + share)


class Transformer:
    """A transformer of RecTools, asked with histories that it has not been trained on."""

    options = {}

    def __init__(self, items, length, dropout):
        self.items = items
        self.length = length
        self.popular = Popular(items)
        self.model = SASRecModel(
            n_blocks=2,
            n_heads=2,
            n_factors=FACTORS,
            dropout_rate=dropout,
            session_max_len=length,
            lr=RATE,
            batch_size=BATCH,
            get_trainer_func=self.trainer,
            **self.options,
        )

    @staticmethod
    def trainer():
        from pytorch_lightning import Trainer

        return Trainer(
            accelerator="cpu",
            max_epochs=1,
            min_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )

    def fit(self, sequences, epochs):
        self.popular.fit(sequences)
        rows = [
            (number, item, place)
            for number, each in enumerate(windows(sequences, self.length))
            for place, item in enumerate(each)
        ]
        frame = pd.DataFrame(rows, columns=[Columns.User, Columns.Item, Columns.Datetime])
        frame[Columns.Datetime] = pd.to_datetime(frame[Columns.Datetime], unit="s")
        frame[Columns.Weight] = 1.0
        self.model.fit_partial(Dataset.construct(frame), min_epochs=epochs, max_epochs=epochs)
        network = self.model.torch_model.eval()
        ids = self.model.data_preparator.item_id_map
        # Place in the network by item; 0 is the padding.
        self.places = np.zeros(self.items, dtype=np.int64)
        known = self.model.data_preparator.get_known_item_ids().astype(np.int64)
        self.places[known] = ids.convert_to_internal(known)
        with torch.no_grad():
            self.vectors = network.item_model.get_all_embeddings()
        self.network = network

    def scores(self, units, histories):
        known = self.places > 0
        batch = np.zeros((len(histories), self.length), dtype=np.int64)
        for row, history in zip(batch, histories):
            places = self.places[history]
            places = places[places > 0][-self.length :]
            if len(places):
                row[-len(places) :] = places
        with torch.no_grad():
            queries = self.network.encode_sessions({"x": torch.from_numpy(batch)}, self.vectors)[:, -1]
            found = (queries @ self.vectors.T).numpy()
        for row, history in zip(found, batch):
            yield self.popular.behind(row[self.places], known) if history.any() else self.popular.counts


class SASRec(Transformer):
    """SASRec (Kang and McAuley 2018) with cross entropy over all items (Klenitskiy and Vasilev 2023)."""

    options = {"loss": "softmax"}


class eSASRec(Transformer):
    """SASRec's objective, LiGR layers and sampled softmax (Tikhonovich et al. 2025)."""

    options = {"loss": "sampled_softmax", "n_negatives": NEGATIVES, "transformer_layers_type": LiGRLayers}


class GRU4Rec:
    """GRU4Rec (Hidasi et al. 2016) with tied item vectors and cross entropy over all items."""

    def __init__(self, items, length, dropout):
        self.items = items
        self.length = length
        self.popular = Popular(items)
        self.vectors = torch.nn.Embedding(items + 1, FACTORS, padding_idx=items)
        torch.nn.init.xavier_normal_(self.vectors.weight)
        self.network = torch.nn.GRU(FACTORS, FACTORS, batch_first=True)
        self.dropout = torch.nn.Dropout(dropout)
        parameters = [*self.vectors.parameters(), *self.network.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=RATE)

    def padded(self, sequences):
        """Left-aligned item numbers, and the length of each."""
        lengths = np.array([len(sequence) for sequence in sequences])
        batch = np.full((len(sequences), max(1, lengths.max())), self.items, dtype=np.int64)
        for row, sequence in zip(batch, sequences):
            row[: len(sequence)] = sequence
        return torch.from_numpy(batch), torch.from_numpy(lengths)

    def fit(self, sequences, epochs):
        self.popular.fit(sequences)
        known = np.unique(np.concatenate(sequences))
        self.known = np.isin(np.arange(self.items), known)
        columns = torch.from_numpy(known)
        place = torch.full((self.items + 1,), -100)
        place[columns] = torch.arange(len(known))
        samples = list(windows(sequences, self.length))
        self.dropout.train()
        for _ in range(epochs):
            order = np.random.permutation(len(samples))
            for first in range(0, len(order), BATCH):
                batch, _ = self.padded([samples[number] for number in order[first : first + BATCH]])
                states, _ = self.network(self.dropout(self.vectors(batch[:, :-1])))
                targets = place[batch[:, 1:]].flatten()
                states = self.dropout(states).flatten(0, 1)[targets >= 0]
                logits = states @ self.vectors.weight[columns].T
                loss = torch.nn.functional.cross_entropy(logits, targets[targets >= 0])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()

    def scores(self, units, histories):
        self.dropout.eval()
        known = [history[self.known[history]][-self.length :] for history in histories]
        batch, lengths = self.padded(known)
        with torch.no_grad():
            states, _ = self.network(self.vectors(batch))
            queries = states[torch.arange(len(known)), (lengths - 1).clamp(min=0)]
            found = (queries @ self.vectors.weight[:-1].T).numpy()
        for row, history in zip(found, known):
            yield self.popular.behind(row, self.known) if len(history) else self.popular.counts
