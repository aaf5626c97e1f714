"""Cross-check of an exported NPZ with NumPy; no test needs it. See README.md beside it.

usage: check_npz.py RUN.json OURS.npz      OURS.npz: npx stratascope export RUN.json -o OURS.npz
"""
import base64
import json
import sys

import numpy as np

run, arrays = json.load(open(sys.argv[1], encoding="utf-8")), np.load(sys.argv[2])
checked = 0
for index, part in enumerate(run["parts"]):
    prefix = f"{index}-{part['kind']}"

    def same(name, values):
        global checked
        found = arrays[f"{prefix}/{name}"]
        assert np.array_equal(found, np.asarray(values)), f"{prefix}/{name}"
        checked += 1

    result = part["result"]
    if part["kind"] == "similarity":
        for measure in ("raw", "centred"):
            for kind in ("nn", "nm", "mm"):
                same(f"{measure}/curves/{kind}/mean", result[measure]["curves"][kind]["mean"])
            same(f"{measure}/gap/ofMeansDeg", result[measure]["gap"]["ofMeansDeg"])
    if part["kind"] == "attention":
        for at, picture in enumerate(result["pictures"]):
            values = np.frombuffer(base64.b64decode(picture["attention"]["float32"]), dtype="<f4")
            same(f"pictures/{at}/attention", values)
    if part["kind"] in ("count", "calibrate"):
        same("outcomes/score", [one["score"] for one in result["outcomes"]])
        same("outcomes/answer", [one["answer"] for one in result["outcomes"]])
    if part["kind"] == "bandScan":
        same("points/refused", [one["refused"] for one in result["points"]])
print(f"{len(arrays.files)} arrays, {checked} compared with the run file: equal")
