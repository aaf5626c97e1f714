"""Writes tests/fixtures/llama/interventions.json, the reference of src/engine/interventions.test.ts.

Logits of the last token of the tiny llama with a layer left out, a direction taken out of what leaves two layers, and a
direction added to the last token of two layers, all by forward hooks of transformers. Run from the repository root.
"""

import json

import torch
from transformers import LlamaForCausalLM

IDS = [7, 8, 9, 30, 31, 32, 33, 34]
model = LlamaForCausalLM.from_pretrained("tests/fixtures/llama/model", dtype=torch.float32).eval()
direction = torch.sin(torch.arange(1, model.config.hidden_size + 1, dtype=torch.float64))
unit = (direction / direction.norm()).float()


def skip(x, y):
    return x


def take_out(x, y):
    return y - (y @ unit)[..., None] * unit


def add_to_last(x, y):
    y = y.clone()
    y[:, -1] += 1.5 * unit
    return y


def run(layers, change):
    def hook(_module, inputs, output):
        y = output[0] if isinstance(output, tuple) else output
        changed = change(inputs[0], y)
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    handles = [model.model.layers[layer].register_forward_hook(hook) for layer in layers]
    with torch.no_grad():
        logits = model(torch.tensor([IDS])).logits[0, -1]
    for handle in handles:
        handle.remove()
    return [round(float(value), 6) for value in logits]


reference = {
    "ids": IDS,
    "skip": run([2], skip),
    "takeOut": run([1, 3], take_out),
    "addToLast": run([2, 5], add_to_last),
}
with open("tests/fixtures/llama/interventions.json", "w") as file:
    json.dump(reference, file)
