#!/usr/bin/env python3
"""k-means over full batches, ours and scikit-learn's Lloyd iterations from the same centers: seconds an iteration, and the loss.

Run: kmeans.py PROGRAM (bench/kmeans), with a Python that has scikit-learn
"""
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from sklearn.cluster import KMeans

warnings.filterwarnings("ignore")
SIZES = [(200000, 32, 64), (200000, 10, 20), (50000, 200, 100), (20000, 784, 128)]


def theirs(x, start, steps):
    """An iteration's seconds: those of many less those of few."""
    def run(n):
        began = time.perf_counter()
        m = KMeans(len(start), init=start, n_init=1, max_iter=n, tol=0, algorithm="lloyd").fit(x)
        return time.perf_counter() - began, m

    run(2)
    few, _ = run(2)
    many, m = run(2 + steps)
    return (many - few) / (m.n_iter_ - 2), m.inertia_


def main(program):
    threads = str(os.cpu_count())
    print("points      d    k    ours      scikit-learn   loss          loss")
    with tempfile.TemporaryDirectory() as tmp:
        for n, d, k in SIZES:
            random = np.random.RandomState(1)
            x = (random.randn(n, d) + 3 * random.randn(k, d)[random.randint(0, k, n)]).astype(np.float32)
            start, steps = x[:k].copy(), 20
            np.savez(os.path.join(tmp, "x.npz"), x=x)
            with open(os.path.join(tmp, "start.txt"), "w") as f:
                f.write("%d %d\n" % (k, d) + "\n".join(repr(float(v)) for v in start.ravel()))
            out = subprocess.run([program, os.path.join(tmp, "x.npz"), os.path.join(tmp, "start.txt"), str(steps + 3), threads, str(n)],
                                 check=True, stdout=subprocess.PIPE, text=True).stdout.split()
            seconds, loss = theirs(x, start, steps)
            print("%-8d %4d %4d    %.4f s  %.4f s       %-12s  %.6g" % (n, d, k, float(out[0]), seconds, out[1], loss), flush=True)


main(*sys.argv[1:])
