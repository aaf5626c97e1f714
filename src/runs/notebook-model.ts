/**
 * Python of a run's notebook: the model with its adapters, prompts in their template, layers scaled by hooks, last-token
 * vectors, first-token scores, greedy answers. transformers and peft do the computing. Text only.
 */
import { MATRIX_NAMES } from '@/model/spec.ts';

/** What a person changes. `layers` and `adapters` are the run's. */
export const settingsCode = (name: string, adapters: readonly string[], template: string) => `import json
from contextlib import contextmanager

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

MODEL = ${JSON.stringify(name)}  # a repository of the Hugging Face hub, or a local folder: any causal model
GGUF_FILE = None  # a .gguf file in it; transformers dequantises it
# Folders of PEFT adapters under the names that the run gives them; {} repeats it on a model that is aligned by itself.
ADAPTERS = {${adapters.map((one) => `${JSON.stringify(one)}: ${JSON.stringify(one)}`).join(', ')}}
TEMPLATE = ${JSON.stringify(template)}  # chat, alpaca or none
LAYER_SHIFT = 0  # added to the layers of the run, for a model of another depth
DTYPE = torch.float32  # the run's; bfloat16 halves the memory and changes numbers in the third digit
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"`;

export const LOAD_CODE = `source = {"gguf_file": GGUF_FILE} if GGUF_FILE else {}
tokenizer = AutoTokenizer.from_pretrained(MODEL, **source)
model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=DTYPE, **source).to(DEVICE).eval()
if ADAPTERS:
    from peft import PeftModel

    for name, folder in ADAPTERS.items():
        if isinstance(model, PeftModel):
            model.load_adapter(folder, adapter_name=name)
        else:
            model = PeftModel.from_pretrained(model, folder, adapter_name=name).eval()
layers = next(
    module
    for name, module in model.named_modules()
    if name.endswith(".layers") and isinstance(module, torch.nn.ModuleList)
)
TURN_ENDS = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<|end|>", "<end_of_turn>"]
named = model.generation_config.eos_token_id
STOP_IDS = set(named if isinstance(named, list) else [named]) | {tokenizer.eos_token_id}
STOP_IDS |= {tokenizer.added_tokens_encoder[token] for token in TURN_ENDS if token in tokenizer.added_tokens_encoder}
STOP_IDS = sorted(id for id in STOP_IDS if id is not None)
print(f"{MODEL}: {len(layers)} layers, adapters {list(ADAPTERS) or 'none'}")`;

export const PROMPT_CODE = `ALPACA = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request."
    "\\n\\n### Instruction:\\n{question}\\n\\n### Response:"
)


def render(question):
    """Token ids [1, tokens] of a question in its template, without system prompt beyond the template's own."""
    if TEMPLATE == "chat":
        message = [{"role": "user", "content": question}]
        text = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    else:
        ids = tokenizer(ALPACA.format(question=question) if TEMPLATE == "alpaca" else question)["input_ids"]
    return torch.tensor([ids], device=DEVICE)`;

const PROJECTIONS: Record<(typeof MATRIX_NAMES)[number], string> = {
  q: 'q_proj',
  k: 'k_proj',
  v: 'v_proj',
  o: 'o_proj',
  gate: 'gate_proj',
  up: 'up_proj',
  down: 'down_proj',
};

export const SCALE_CODE = `PROJECTIONS = ${JSON.stringify(Object.fromEntries(MATRIX_NAMES.map((name) => [name, PROJECTIONS[name]])))}
FUSED = {"qkv_proj": {"q", "k", "v"}, "gate_up_proj": {"gate", "up"}}  # Phi-3


@contextmanager
def setting(adapters, rules):
    """The model under a run's setting: these adapters on, and alpha on the weight matrices of these layers (equation 1).

    The matrix is scaled through its output, bias aside, so that nothing is rounded and nothing has to be undone.
    """
    hooks = []
    for rule in rules:
        for layer in range(rule["first"] + LAYER_SHIFT, rule["last"] + LAYER_SHIFT + 1):
            found = 0
            for name, module in layers[layer].named_modules():
                kind = name.split(".")[-1]
                chosen = {PROJECTIONS[matrix] for matrix in rule["matrices"]}
                if kind in FUSED and FUSED[kind] & set(rule["matrices"]):
                    assert FUSED[kind] <= set(rule["matrices"]), f"{kind} can only be scaled as a whole"
                elif kind not in chosen:
                    continue
                bias = getattr(module, "base_layer", module).bias

                def scale(_, __, output, alpha=rule["alpha"], bias=bias):
                    return alpha * output if bias is None else alpha * (output - bias) + bias

                hooks.append(module.register_forward_hook(scale))
                found += 1
            assert found, f"layer {layer} has none of {rule['matrices']}"
    try:
        if not ADAPTERS:
            yield
        elif not adapters:
            with model.disable_adapter():
                yield
        else:
            model.base_model.set_adapter(list(adapters))
            yield
    finally:
        for hook in hooks:
            hook.remove()`;

export const PASSES_CODE = `@torch.no_grad()
def last_vectors(questions):
    """Vectors of the last token after every layer, before the final norm: [questions, layers, width]."""
    seen = {}
    hooks = [
        layer.register_forward_hook(
            lambda _, __, output, at=at: seen.__setitem__(at, (output[0] if isinstance(output, tuple) else output)[0, -1])
        )
        for at, layer in enumerate(layers)
    ]
    try:
        rows = []
        for question in questions:
            model(input_ids=render(question))
            rows.append(torch.stack([seen[at] for at in range(len(layers))]).double().cpu().numpy())
        return np.stack(rows)
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def first_token_probabilities(question):
    return torch.softmax(model(input_ids=render(question)).logits[0, -1].float(), dim=-1).cpu().numpy()


@torch.no_grad()
def answer(question, max_new_tokens):
    """A greedy answer: its text, and how many tokens it has without the stop token."""
    ids = render(question)
    config = GenerationConfig(
        do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=STOP_IDS, pad_token_id=STOP_IDS[0]
    )
    new = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)
    new = new[0, ids.shape[1]:].tolist()
    if new and new[-1] in STOP_IDS:
        new = new[:-1]
    return tokenizer.decode(new, clean_up_tokenization_spaces=False), len(new)`;
