"""
Writes tests/fixtures/<family>/gguf/: the tiny model of that folder as a GGUF in float16 (norms and biases float32), as llama.cpp's
converter stores it, and what transformers gives with those weights in float32. Names of tensors come from the gguf package. Of some
families also tiny_q8_0.gguf, the same with Q8_0 matrices, whose reference is its own dequantised form.

    python tests/python/make_gguf_fixtures.py tests/fixtures [FAMILY ...]
"""
import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import MODEL_ARCH
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

ARCHITECTURES = {
    "mistral": MODEL_ARCH.LLAMA,
    "qwen2": MODEL_ARCH.QWEN2,
    "qwen3": MODEL_ARCH.QWEN3,
    "gemma": MODEL_ARCH.GEMMA,
    "gemma2": MODEL_ARCH.GEMMA2,
    "gemma3_text": MODEL_ARCH.GEMMA3,
    "phi3": MODEL_ARCH.PHI3,
}
# Biases, norms and caps, fused matrices.
QUANTISED = {"qwen2", "gemma2", "phi3"}


def interleave(rows: np.ndarray, heads: int) -> np.ndarray:
    """LlamaModel.permute of llama.cpp's converter."""
    width = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, width, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def write(folder: Path, family: str) -> None:
    config = json.loads((folder / "config_v4.json").read_text())
    name = gguf.MODEL_ARCH_NAMES[ARCHITECTURES[family]]
    out = folder / "gguf"
    out.mkdir(exist_ok=True)
    files = ["tiny_f16.gguf"] + (["tiny_q8_0.gguf"] if family in QUANTISED else [])
    for file in files:
        rounded = write_file(out / file, folder, family, config, name, quantised="q8" in file)
        if file == files[0]:
            write_reference(folder, out, family, rounded)


def write_file(target: Path, folder: Path, family: str, config: dict, name: str, quantised: bool) -> dict:
    arch = ARCHITECTURES[family]
    writer = gguf.GGUFWriter(target, name)
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    groups = config["num_key_value_heads"]
    head_dim = config.get("head_dim", config["hidden_size"] // heads)
    writer.add_block_count(layers)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    if family == "phi3":
        writer.add_rope_dimension_count(head_dim)
        # The converter writes 0 where config.json has null.
        writer.add_sliding_window(0)
    if config.get("sliding_window"):
        writer.add_sliding_window(config["sliding_window"])
    if family == "gemma3_text":
        writer.add_sliding_window_pattern(config["sliding_window_pattern"])
    if "query_pre_attn_scalar" in config:
        writer.add_float32(f"{name}.attention.scale", config["query_pre_attn_scalar"] ** -0.5)
    if config.get("attn_logit_softcapping"):
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    if config.get("final_logit_softcapping"):
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])

    names = gguf.get_tensor_name_map(arch, layers)
    weights = load_file(folder / "model" / "model.safetensors")
    rounded = {}
    for path, tensor in sorted(weights.items()):
        values = tensor.numpy()
        if values.ndim == 2:
            values = values.astype(np.float16)
        rounded[path] = torch.from_numpy(values.astype(np.float32))
        if family == "mistral" and path.endswith(("q_proj.weight", "k_proj.weight")):
            values = interleave(values, heads if "q_proj" in path else groups)
        if family.startswith("gemma") and path.endswith("norm.weight"):
            values = values + np.float32(1)
        stored = names.get_name(path, try_suffixes=(".weight", ".bias"))
        assert stored, path
        values = np.ascontiguousarray(values)
        if quantised and values.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(stored, gguf.quants.quantize(values.astype(np.float32), kind), raw_dtype=kind)
        else:
            writer.add_tensor(stored, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return rounded


def write_reference(folder: Path, out: Path, family: str, rounded: dict) -> None:
    """forward.json and forward.safetensors, as in the family's own folder."""
    model = AutoModelForCausalLM.from_pretrained(
        folder / "model", attn_implementation="eager", dtype=torch.float32
    ).eval()
    missing, unexpected = model.load_state_dict(rounded, strict=False)
    assert not unexpected and all("lm_head" in one for one in missing), (missing, unexpected)
    reference = json.loads((folder / "forward.json").read_text())
    tensors, sequences = {}, []
    with torch.no_grad():
        for n, sequence in enumerate(reference["sequences"]):
            ids = torch.tensor([sequence["ids"]])
            kept = []
            hooks = [layer.register_forward_hook(lambda _m, _i, o: kept.append(o[0] if isinstance(o, tuple) else o)) for layer in model.model.layers]
            result = model(ids, output_hidden_states=True, use_cache=False)
            for hook in hooks:
                hook.remove()
            hidden = [result.hidden_states[0], *kept]
            tensors[f"seq{n}.hidden"] = torch.stack([state[0, -1] for state in hidden]).contiguous()
            tensors[f"seq{n}.final_norm"] = result.hidden_states[-1][0, -1].contiguous()
            tensors[f"seq{n}.logits"] = result.logits[0, -1].contiguous()
            greedy, margins = [], []
            longer = ids
            for _ in range(16):
                logits = model(longer, use_cache=False).logits[0, -1]
                top = torch.topk(logits, 2).values
                margins.append(float(top[0] - top[1]))
                greedy.append(int(logits.argmax()))
                longer = torch.cat([longer, torch.tensor([[greedy[-1]]])], dim=1)
            sequences.append({"ids": sequence["ids"], "greedy": greedy, "greedy_min_margin": min(margins)})
    save_file(tensors, out / "forward.safetensors")
    (out / "forward.json").write_text(json.dumps({"sequences": sequences}) + "\n")
    print(family, min(one["greedy_min_margin"] for one in sequences))


if __name__ == "__main__":
    torch.set_num_threads(1)
    root = Path(sys.argv[1])
    for one in sys.argv[2:] or ARCHITECTURES:
        write(root / one, one)
