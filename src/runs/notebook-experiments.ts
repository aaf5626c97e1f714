/** Python of a run's notebook: the experiments themselves, and how their numbers stand beside the recorded ones. Text only. */

export const COMPARE_CODE = `REPORT = []


def beside(what, here, recorded, allowed):
    """Keeps how far numbers lie from the recorded ones. On another model they are another model's, and differ."""
    here, recorded = np.asarray(here, dtype=float), np.asarray(recorded, dtype=float)
    if here.shape != recorded.shape:
        print(f"{what}: not comparable, {here.shape} here and {recorded.shape} in the run")
        return
    largest = float(np.abs(here - recorded).max()) if here.size else 0.0
    REPORT.append({"what": what, "largest": largest, "allowed": allowed})
    print(f"{what}: largest difference {largest:.3g} (the run's own model: at most {allowed:g})")


def texts(pool):
    return [prompt["text"] for prompt in RUN["pools"][pool]]


def prompts_of(part, field):
    """The texts that a part asked about: stretches of pools."""
    found = []
    for reference in part[field]:
        pool = texts(reference["pool"])
        found += [pool[at] for at in reference.get("indices", range(len(pool)))]
    return found`;

export const CURVES_CODE = `def cosines(vectors):
    """Cosine of every pair of rows; vectors without length have none."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit @ unit.T


def degrees(cosine):
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def curves(normal, malicious):
    """Mean cosine per layer and kind of pair, and both definitions of the angle gap (sections 3.2, 3.3), over all pairs."""
    vectors = np.concatenate([last_vectors(normal), last_vectors(malicious)])
    split, result = len(normal), {"nn": [], "nm": [], "mm": [], "of_means": [], "of_angles": []}
    upper = lambda matrix: matrix[np.triu_indices(len(matrix), 1)]
    for layer in range(vectors.shape[1]):
        matrix = cosines(vectors[:, layer])
        nn, mm = upper(matrix[:split, :split]), upper(matrix[split:, split:])
        nm = matrix[:split, split:].ravel()
        for kind, pairs in {"nn": nn, "nm": nm, "mm": mm}.items():
            result[kind].append(pairs.mean())
        result["of_means"].append(degrees(nm.mean()) - degrees(nn.mean()))
        result["of_angles"].append(degrees(nm).mean() - degrees(nn).mean())
    return result


for part in RUN["similarity"]:
    with setting(part["adapters"], part["scale"]):
        part["here"] = curves(prompts_of(part, "normal"), prompts_of(part, "malicious"))
    for kind in ("nn", "nm", "mm"):
        beside(f"{part['label']}: mean cosine {kind}", part["here"][kind], part["curves"][kind], 1e-3)
    beside(f"{part['label']}: angle gap of means, degrees", part["here"]["of_means"], part["gap_of_means_deg"], 0.05)
    beside(f"{part['label']}: angle gap of angles, degrees", part["here"]["of_angles"], part["gap_of_angles_deg"], 0.05)`;

export const CURVES_PLOT_CODE = `try:
    import matplotlib.pyplot as plt

    for part in RUN["similarity"]:
        figure, (top, bottom) = plt.subplots(2, 1, sharex=True, figsize=(9, 6))
        for kind, name in {"nn": "normal-normal", "nm": "normal-malicious", "mm": "malicious-malicious"}.items():
            top.plot(part["here"][kind], label=name)
        top.set_ylabel("mean cosine")
        top.legend()
        bottom.plot(part["here"]["of_means"], label="of means (published code)")
        bottom.plot(part["here"]["of_angles"], label="of angles (text)")
        bottom.axhline(0, color="grey", linewidth=0.5)
        bottom.set_xlabel("layer")
        bottom.set_ylabel("angle gap, degrees")
        bottom.legend()
        figure.suptitle(f"{MODEL}, {part['label']}")
        plt.show()
except ImportError:
    print("matplotlib is not installed: no picture, the numbers are in RUN['similarity'][...]['here']")`;

export const COUNT_CODE = `def count(questions, prefixes, max_new_tokens):
    """Each answer's class, by decoding (section 3.4)."""
    answers = [answer(question, max_new_tokens) for question in questions]
    return [(text, classify(text, prefixes, tokens)) for text, tokens in answers]


for part in RUN["count"]:
    questions = prompts_of(part, "prompts")
    with setting(part["adapters"], part["scale"]):
        part["here"] = count(questions, part["prefixes"], part["max_new_tokens"])
    classes = [one for _, one in part["here"]]
    tally = {name: classes.count(name) for name in ("refused", "answered", "garbled")}
    print(f"{part['label']}: {tally} of {len(questions)}; in the run {part['recorded']}")
    same = sum(text == then for (text, _), then in zip(part["here"], part["answers"]))
    # A logit that is a tie in the last bit may turn one answer over.
    for name in tally:
        beside(f"{part['label']}: {name}", tally[name], part["recorded"][name], max(1, 0.02 * len(questions)))
    beside(f"{part['label']}: share of equal answers", same / len(questions), 1, 0.05)`;

export const SCAN_CODE = `def scores(questions, token_ids):
    """Probability that the answer opens with one of these tokens."""
    return np.array([first_token_probabilities(question)[token_ids].sum() for question in questions])


for part in RUN["bandScan"]:
    questions, token_ids, threshold = prompts_of(part, "prompts"), part["token_ids"], part["threshold"]
    if [tokenizer.decode([id]) for id in token_ids] != part["token_texts"]:
        print(f"{part['label']}: this tokenizer is another one; calibrate the first tokens of its refusals anew")
        continue
    with setting(part["adapters"], part["scale"]):
        baseline = int((scores(questions, token_ids) > threshold).sum())
    beside(f"{part['label']}: refused unscaled", baseline, part["baseline"], 1)
    here = []
    for first in part["firsts"]:
        band = {"first": first, "last": first + part["width"] - 1, "alpha": part["alpha"], "matrices": part["matrices"]}
        with setting(part["adapters"], [*part["scale"], band]):
            here.append(int((scores(questions, token_ids) > threshold).sum()))
        print(f"  layers {band['first']}-{band['last']}: {here[-1]} of {len(questions)} refused, unscaled {baseline}")
    part["here"] = here
    beside(f"{part['label']}: refused per band", here, part["refused"], 1)`;
