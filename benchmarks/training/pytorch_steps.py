"""PyTorch + PEFT as a contestant: pytorch_steps.py MODEL.gguf THREADS, then one line on stdin per step, answered in JSON.

Needs torch, transformers, peft and gguf. The same LoRA, rows and optimiser as steps.ts; initial values are PEFT's own.
"""
import json
import os
import resource
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

path, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
base = AutoModelForCausalLM.from_pretrained(os.path.dirname(path), gguf_file=os.path.basename(path), dtype=torch.float32)
base.config.use_cache = False
projections = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(base, LoraConfig(r=8, lora_alpha=16, target_modules=projections, task_type="CAUSAL_LM")).train()
trained = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0)
ids = torch.tensor([[(row * 1000 + t * 37 + 5) % 40000 for t in range(64)] for row in range(4)])
labels = ids.clone()
labels[:, :32] = -100
print(json.dumps({"ready": True, "version": torch.__version__}), flush=True)
for _ in sys.stdin:
    cpu, wall = time.process_time(), time.perf_counter()
    loss = model(input_ids=ids, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    answer = {
        "loss": loss.item(),
        "wallMs": 1000 * (time.perf_counter() - wall),
        "cpuMs": 1000 * (time.process_time() - cpu),
        "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(answer), flush=True)
