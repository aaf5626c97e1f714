"""Cross-check of an exported adapter with transformers + peft; no test needs it. See README.md beside it.

usage: check_adapter.py MODEL_FOLDER ADAPTER_FOLDER IDS.json OURS.safetensors
IDS.json is the input of `stratascope forward`, OURS.safetensors its output with that adapter.
"""
import json
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

model_folder, adapter_folder, ids_file, ours_file = sys.argv[1:5]
base = AutoModelForCausalLM.from_pretrained(model_folder, torch_dtype=torch.float32).eval()
ours = load_file(ours_file)
sequences = [torch.tensor([entry["ids"]]) for entry in json.load(open(ids_file))["sequences"]]
with torch.no_grad():
    plain = [base(ids).logits[0, -1] for ids in sequences]
    tuned = PeftModel.from_pretrained(base, adapter_folder).eval()
    for n, ids in enumerate(sequences):
        theirs = tuned(ids).logits[0, -1]
        mine = ours[f"s{n}.logits"].reshape(-1, theirs.numel())[-1]
        print(
            f"sequence {n}: largest difference {(theirs - mine).abs().max():.3g}, "
            f"the adapter moves logits by up to {(theirs - plain[n]).abs().max():.3g}"
        )
