"""FAISS and usearch on the data of the Rust bench, at the recall they reach.

    cargo bench --bench rivals -- --items 1000000 --write DATA
    python -m venv venv && venv/bin/pip install faiss-cpu usearch numpy
    venv/bin/python benches/rivals/rivals.py DATA [--only flat ivf pq hnsw]

Prints queries a second for one and for 16 queries at a time on one and two threads, and recall@20 against the exact answers.
Memory bandwidth, and what else the machine does, are the same for both benches only if they run one after the other.
"""

import argparse
import time

import faiss
import numpy as np
from usearch.index import Index

LIMIT = 20


def recall(found, truth):
    return np.mean([len(set(a) & set(b)) / LIMIT for a, b in zip(found, truth)])


def rate(search, queries, batch):
    count, started = 0, time.time()
    while time.time() - started < 3:
        place = count % (len(queries) - batch)
        search(queries[place : place + batch])
        count += batch
    return count / (time.time() - started)


def report(name, search, queries, truth, threads):
    found = np.concatenate([search(queries[i : i + 16]) for i in range(0, len(queries), 16)])
    line = f"{name:44} recall@{LIMIT} {recall(found, truth):.4f}"
    for count in (1, 2):
        threads(count)
        line += "".join(f"  {count} thr x {batch:2}: {rate(search, queries, batch):7.0f}/s" for batch in (1, 16))
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--only", nargs="*", default=["flat", "ivf", "pq", "hnsw"])
    args = parser.parse_args()
    items = np.load(f"{args.folder}/items.npy")
    queries = np.load(f"{args.folder}/queries.npy")
    truth = np.load(f"{args.folder}/truth.npy").astype(np.int64)
    dim = items.shape[1]

    def faiss_report(name, index, params=None):
        def search(batch):
            return index.search(batch, LIMIT, params=params)[1]

        report(name, search, queries, truth, faiss.omp_set_num_threads)

    if "flat" in args.only:
        flat = faiss.IndexFlatIP(dim)
        flat.add(items)
        faiss_report("FAISS IndexFlatIP (exact)", flat)
    if "ivf" in args.only:
        started = time.time()
        index = faiss.index_factory(dim, "IVF2048,SQ8", faiss.METRIC_INNER_PRODUCT)
        index.train(items[:: max(1, len(items) // 200_000)])
        index.add(items)
        built = time.time() - started
        for probes in (8, 32, 128):
            params = faiss.SearchParametersIVF(nprobe=probes)
            faiss_report(f"FAISS IVF2048,SQ8 nprobe={probes} ({built:.0f} s to build)", index, params)
    if "pq" in args.only:
        started = time.time()
        base = faiss.index_factory(dim, "PQ32x4fs", faiss.METRIC_INNER_PRODUCT)
        base.train(items[:: max(1, len(items) // 200_000)])
        index = faiss.IndexRefineFlat(base)
        index.add(items)
        built = time.time() - started
        for factor in (5, 20, 50):
            params = faiss.IndexRefineSearchParameters(k_factor=factor)
            faiss_report(f"FAISS PQ32x4fs + refine x{factor} ({built:.0f} s to build)", index, params)
    if "hnsw" in args.only:
        started = time.time()
        index = Index(ndim=dim, metric="ip", dtype="f32", connectivity=16, expansion_add=128)
        index.add(np.arange(len(items)), items, threads=2)
        built = time.time() - started
        threads = [1]

        def search(batch):
            return np.atleast_2d(index.search(batch, LIMIT, threads=threads[0]).keys).astype(np.int64)

        def set_threads(count):
            threads[0] = count

        for expansion in (64, 256, 1024):
            index.expansion_search = expansion
            report(f"usearch HNSW ef={expansion} ({built:.0f} s to build)", search, queries, truth, set_threads)
        # What an update costs: a row is taken out and put back.
        moved = np.random.default_rng(1).integers(0, len(items), 2_000)
        moved = np.unique(moved)
        started = time.time()
        index.remove(moved)
        index.add(moved, items[moved], threads=2)
        print(f"usearch: {len(moved) / (time.time() - started):.0f} rows/s updated on two threads", flush=True)


if __name__ == "__main__":
    main()
