"""TensorBoard's own data provider and web endpoints over what the program tutorials/board and `estimator tune` have written.

usage: board.py PROGRAM"""
import json
import logging
import os
import subprocess
import sys
import tempfile
import urllib.parse

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
from tensorboard import program
from werkzeug.test import Client

passed = failed = 0


def check(what, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok' if good else 'FAILED'}  {what}")


class Board:
    """TensorBoard without a server: its web application is called as it is."""

    def __init__(self, folder):
        board = program.TensorBoard()
        board.configure(argv=[None, "--logdir", folder, "--load_fast", "false", "--reload_interval", "0"])
        self.client = Client(board._make_data_ingester_and_app() if hasattr(board, "_make_data_ingester_and_app") else application(board))

    def get(self, path, raw=False, **query):
        answer = self.client.get("/data/plugin/" + path + ("?" + urllib.parse.urlencode(query) if query else ""))
        assert answer.status_code == 200, (path, answer.status_code, answer.get_data(as_text=True)[:300])
        return answer.get_data() if raw else json.loads(answer.get_data(as_text=True))

    def post(self, path, body):
        answer = self.client.post("/data/plugin/" + path, data=json.dumps(body), content_type="application/json")
        assert answer.status_code == 200, (path, answer.status_code)
        return json.loads(answer.get_data(as_text=True))


def application(board):
    from tensorboard.backend import application as app
    from tensorboard.backend.event_processing import data_ingester

    ingester = data_ingester.LocalDataIngester(board.flags)
    ingester.start()
    ingester._multiplexer.AddRunsFromDirectory(board.flags.logdir)
    ingester._multiplexer.Reload()
    return app.TensorBoardWSGIApp(board.flags, board.plugin_loaders, ingester.data_provider, board.assets_zip_provider,
                                  ingester.deprecated_multiplexer)


def main(folder):
    done = subprocess.run([os.path.abspath(sys.argv[1]), folder], capture_output=True, text=True)
    check("the program", done.returncode == 0)
    b = Board(folder)
    scalars = b.get("scalars/tags")
    check("scalars of train beside validation", set(scalars) == {"train", "validation"} and "loss" in scalars["train"])
    loss = b.get("scalars/scalars", run="train", tag="loss")
    check("the loss falls", len(loss) > 100 and loss[-1][2] < loss[0][2] and loss[-1][1] == 200)
    histograms = b.get("histograms/histograms", run="train", tag="kernel")
    check("histograms", len(histograms) == 21 and abs(sum(row[2] for row in histograms[0][2]) - 2) < 1e-6)
    images = b.get("images/images", run="validation", tag="probability", sample=0)
    check("images", len(images) == 5 and images[-1]["step"] == 200)
    png = b.get("images/individualImage?" + images[-1]["query"], raw=True)
    check("an image's PNG", png[:8] == b"\x89PNG\r\n\x1a\n" and decoded(png))
    sounds = b.get("audio/audio", run="train", tag="loss_as_a_tone", sample=0)
    wav = b.get("audio/individualAudio?" + sounds[-1]["query"], raw=True)
    check("a sound's WAV", wav[:4] == b"RIFF" and len(wav) == 44 + 2 * 4000)
    text = b.get("text/text", run="train", tag="notes")
    check("texts", "<strong>clouds</strong>" in text[0]["text"] and "<table>" in text[0]["text"])
    curves = b.get("pr_curves/pr_curves", run="train", tag="curve")["train"]
    check("precision-recall curves", len(curves) == 5 and len(curves[0]["precision"]) > 100 and curves[0]["recall"][0] == 1)
    graphs = b.get("graphs/info")
    check("the graph, once", graphs["train"]["run_graph"] and "logits/MatMul" in b.get("graphs/graph", raw=True, run="train").decode())
    experiment = b.post("hparams/experiment", {"experimentName": ""})
    names = {h["name"]: h["type"] for h in experiment["hparamInfos"]}
    check("hyper-parameters", names == {"learning_rate": "DATA_TYPE_FLOAT64", "optimizer": "DATA_TYPE_STRING", "shuffled": "DATA_TYPE_BOOL"})
    groups = b.post("hparams/session_groups", {"allowedStatuses": ["STATUS_SUCCESS"], "startIndex": 0, "sliceSize": 10, "colParams": []})
    check("a trial that ended well", groups["totalSize"] == 1 and groups["sessionGroups"][0]["hparams"]["learning_rate"] == 0.05)
    check("the projector", any(r for r in b.get("projector/runs")))
    embeddings = b.get("projector/info", run="train")["embeddings"]
    check("the projector's tensor", embeddings[0]["tensorName"].startswith("logits/kernel") and embeddings[0]["tensorShape"] == [2, 1])


def tuned(folder):
    """The trials of `estimator tune`, with the keys that it searched and the metric that it looked at."""
    config = os.path.join(os.environ["SRCDIR"], "tutorials", "titanic.yaml")
    done = subprocess.run([os.environ["ESTIMATOR"], "tune", config, "--model-dir", folder, "--quiet", "--trials", "3", "--set", "trainer.train_steps=100",
                           "--try", "task.model.optimizer.learning_rate={log_uniform: [0.01, 1]}", "--try", "task.train_data.batch_size=[16, 32]"],
                          capture_output=True, text=True)
    check("estimator tune", done.returncode == 0)
    b = Board(folder)
    experiment = b.post("hparams/experiment", {"experimentName": ""})
    infos = {h["name"]: h for h in experiment["hparamInfos"]}
    check("the keys of a search", infos["task.model.optimizer.learning_rate"]["domainInterval"] == {"minValue": 0.01, "maxValue": 1.0}
          and infos["task.train_data.batch_size"]["domainDiscrete"] == [16.0, 32.0] and len(infos) == 2)
    check("the metric of a search", [m["name"] for m in experiment["metricInfos"]] == [{"group": "eval", "tag": "average_loss"}])
    groups = b.post("hparams/session_groups", {"allowedStatuses": ["STATUS_SUCCESS"], "startIndex": 0, "sliceSize": 10, "colParams": []})
    first = groups["sessionGroups"][0]
    check("trials with their hyper-parameters", groups["totalSize"] == 3 and first["hparams"]["task.model.optimizer"] == "Ftrl"
          and first["hparams"]["task.train_data.batch_size"] in (16, 32))
    check("trials with their metric", all(g["metricValues"][0]["value"] > 0 for g in groups["sessionGroups"]))


def decoded(png):
    import tensorflow as tf

    pixels = tf.image.decode_png(png).numpy()
    return pixels.shape == (32, 32, 3) and pixels[0, 0, 1] == int(0.2 * 255.5) and pixels[0, -1, 0] > pixels[-1, 0, 0]


with tempfile.TemporaryDirectory() as work:
    main(os.path.join(sys.argv[2] if len(sys.argv) > 2 else work, "board"))
    tuned(os.path.join(work, "tune"))
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
