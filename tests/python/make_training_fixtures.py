"""Makes the training references that ../shared/fixtures does not have, with PyTorch and PEFT; no test needs it. See README.md.

usage: make_training_fixtures.py tests/fixtures [FAMILY ...]

llama/everything, llama-rope3/everything (tied and untied head): ten AdamW steps as the published code of SPPFT trains: all
parameters but the matrices of layers 2 and 3, whose norms train; the same for qwen2 (biases), qwen3 (norms of queries and keys),
gemma2 and gemma3_text (norms stored as w, computed as 1 + w). llama/dropout: ten steps of LoRA with dropout 0.25, whose
masks come from a copy of this project's own seeded generator. The same batch as in lora/. float32 on one thread; every run
is repeated in float64, and `float32_error` is the largest difference between the two.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
root = Path(sys.argv[1])
FROZEN = range(2, 4)
STEPS = 10
LR = {"everything": 1e-3, "dropout": 1e-2}
ADAMW = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}
SHARE, SEED = 0.25, 7
MATRICES = ["q", "k", "v", "o", "gate", "up", "down"]
M32 = 0xFFFFFFFF


def splitmix32(seed):
    state = (seed + 0x9E3779B9) & M32
    mixed = state ^ (state >> 16)
    mixed = (mixed * 0x21F0AAAD) & M32
    mixed ^= mixed >> 15
    mixed = (mixed * 0x735A2D97) & M32
    return state, mixed ^ (mixed >> 15)


def mixed_seed(*parts):
    seed = 0
    for part in parts:
        seed = splitmix32((seed ^ (part * 0x85EBCA6B)) & M32)[1]
    return seed


def uniform(seed, count):
    """src/method/random.ts, createRandom: sfc32."""
    words = []
    state = seed & M32
    for _ in range(3):
        state, word = splitmix32(state)
        words.append(word)
    a, b, c = words
    counter = 1
    out = np.empty(count)
    for i in range(-12, count):
        total = (a + b + counter) & M32
        counter = (counter + 1) & M32
        a = b ^ (b >> 9)
        b = (c + (c << 3)) & M32
        c = ((c << 21) | (c >> 11)) & M32
        c = (c + total) & M32
        if i >= 0:
            out[i] = total / 4294967296
    return out


class MaskedDropout(torch.nn.Module):
    """src/training/dropout-source.ts and src/engine/train/dropout.ts."""

    def __init__(self, clock, layer, matrix):
        super().__init__()
        self.clock, self.place = clock, (layer, MATRICES.index(matrix))

    def forward(self, x):
        seed = mixed_seed(0xD20, SEED, self.clock["update"], 0, *self.place)
        drop = torch.from_numpy(uniform(seed, x.numel()) < SHARE).reshape(x.shape)
        return torch.where(drop, torch.zeros_like(x), x * torch.tensor(1 / (1 - SHARE), dtype=torch.float32).to(x.dtype))


def padded(batch):
    ids = [row["prompt"] + row["response"] for row in batch]
    width = max(map(len, ids))
    pad = lambda row, value: row + [value] * (width - len(row))
    labels = [[-100] * len(row["prompt"]) + row["response"] for row in batch]
    # Without an attention mask: no token that counts stands behind a pad, and a window that holds pads alone gives NaN in float64.
    return {
        "input_ids": torch.tensor([pad(row, 0) for row in ids]),
        "labels": torch.tensor([pad(row, -100) for row in labels]),
    }


def train(model, inputs, lr, clock):
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(trained.values(), lr=lr, **ADAMW)
    losses, first = [], {}
    for step in range(STEPS):
        clock["update"] = step
        loss = model(**inputs).loss
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            first = {name: p.grad.clone() for name, p in trained.items()}
        optimizer.step()
        losses.append(loss.item())
    final = {name: p.detach().clone() for name, p in trained.items()}
    return losses, first, final


def load(folder, dtype):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    model.config.use_cache = False
    return model


def everything(folder, dtype, clock):
    model = load(folder / "model", dtype)
    for name, parameter in model.named_parameters():
        frozen = any(f"layers.{k}." in name for k in FROZEN) and ("self_attn" in name or "mlp" in name) and "norm" not in name
        parameter.requires_grad = not frozen
    return model.eval()


def with_dropout(folder, dtype, clock):
    model = PeftModel.from_pretrained(load(folder / "model", dtype), folder / "lora/initial", is_trainable=True)
    for name, module in model.named_modules():
        if not hasattr(module, "lora_dropout"):
            continue
        if dtype == torch.float64:
            module.to(torch.float64)
        parts = name.split(".")
        matrix = parts[-1].removesuffix("_proj")
        module.lora_dropout["default"] = MaskedDropout(clock, int(parts[parts.index("layers") + 1]), matrix)
    return model.eval()


def largest(a, b):
    return max((x.double() - y.double()).abs().max().item() for x, y in zip(a, b))


def write(folder, kind, make, keep, extra):
    run = json.loads((folder / "lora/lora.json").read_text())
    inputs = padded(run["batch"])
    clock = {"update": 0}
    results = [train(make(folder, dtype, clock), inputs, LR[kind], clock) for dtype in (torch.float32, torch.float64)]
    (losses, first, final), (losses64, first64, final64) = results
    out = folder / kind
    out.mkdir(exist_ok=True)
    kept = [name for name in first if keep(name)]
    tensors = lambda values: {name.replace(".default", ""): values[name].contiguous() for name in kept}
    save_file(tensors(first), out / "gradients_step0.safetensors")
    save_file(tensors(final), out / "final.safetensors")
    description = {
        "frozen_layers_inclusive": [FROZEN[0], FROZEN[-1]],
        "optimizer": {"name": "AdamW", "lr": LR[kind], **ADAMW},
        "steps": STEPS,
        "batch": run["batch"],
        "loss_at_step": losses,
        "trained_parameters": sum(p.numel() for p in first.values()),
        "float32_error": {
            "loss": max(abs(a - b) for a, b in zip(losses, losses64)),
            "gradients_step0": largest(first.values(), first64.values()),
            "final": largest(final.values(), final64.values()),
        },
        **extra,
    }
    (out / "run.json").write_text(json.dumps(description, indent=1) + "\n")
    print(out, description["float32_error"], losses)


not_a_matrix = lambda name: "embed" in name or "norm" in name or "lm_head" in name or "bias" in name
for family in sys.argv[2:] or ["llama", "llama-rope3", "qwen2", "qwen3", "gemma2", "gemma3_text"]:
    write(root / family, "everything", everything, not_a_matrix, {})
if not sys.argv[2:]:
    write(root / "llama", "dropout", with_dropout, lambda name: True, {"dropout": SHARE, "seed": SEED})
