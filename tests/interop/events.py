"""Reads the event files of a model directory, trained to step 450 and then to 1,000, with TensorBoard's own EventAccumulator."""
import json
import logging
import os
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

problems = []
logging.getLogger("tensorboard").addHandler(type("Keep", (logging.Handler,), {"emit": lambda self, r: problems.append(r.getMessage())})())


def scalars(accumulator, tag):
    return {s.step: s.value for s in accumulator.Scalars(tag)}


def read(folder):
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "graph": 1})
    accumulator.Reload()
    return accumulator


def main(work):
    model = os.path.join(work, "m")
    training = read(model)
    tags = training.Tags()
    assert tags["graph"] is True, tags
    assert {"loss", "global_step/sec"} <= set(tags["scalars"]), tags
    loss = scalars(training, "loss")
    # Summaries at the first step and every 100 from there; the second run goes on with the same steps.
    assert sorted(loss) == list(range(1, 1000, 100)), sorted(loss)
    assert all(0 < v < 10 for v in loss.values()), loss
    assert loss[901] < loss[1], loss
    assert sorted(scalars(training, "global_step/sec")) == list(range(100, 1001, 100))
    names = {n.name for n in training.Graph().node}
    assert any(n.startswith("linear/linear_model/age/weights") for n in names), sorted(names)[:20]

    evaluating = read(os.path.join(model, "eval"))
    for steps in (450, 1000):
        with open(os.path.join(work, f"results-{steps}.json")) as f:
            results = json.load(f)
        assert results.pop("global_step") == steps
        assert set(results) == set(evaluating.Tags()["scalars"]), (results, evaluating.Tags())
        for name, value in results.items():
            single = struct.unpack("f", struct.pack("f", value))[0]   # the command prints the shortest text of the float
            assert scalars(evaluating, name)[steps] == single, (name, value, scalars(evaluating, name))
    # Each run writes its graph, as TensorFlow does.
    assert all(p.startswith("Found more than one graph event") for p in problems), problems


main(sys.argv[1])
