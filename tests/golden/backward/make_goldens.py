#!/usr/bin/env python3
"""Makes the gradients that tests/core/train/backward_golden_test.cpp compares with, by PyTorch's autograd in float64.

    python3 tests/golden/backward/make_goldens.py

Writes NAME.txt beside itself: a line `loss VALUE`, then for every parameter a line `NAME.LAYER COUNT` and its gradient. The weights are
not stored: element i of parameter number p is 0.35 sin(1.3 i + 0.9 p + 0.01 p i), plus 1 for a norm's weight, rounded to
float32; the tokens are (5 t + 3) mod V, the targets (7 t + 1) mod V.
"""
import math
import os

import torch

torch.set_default_dtype(torch.float64)
VOCAB, WIDTH, INNER, LAYERS, CONTEXT, TOKENS = 13, 8, 12, 2, 16, 11

CASES = {
    "llama_gqa": dict(heads=4, kv=2, d=2, norm="rms", post=False, rope="half", gated=True, act="silu", tied=True),
    "llama_mqa_interleaved": dict(heads=2, kv=1, d=6, norm="rms", post=False, rope="interleaved", gated=True, act="silu",
                                  tied=False, qkv_bias=True),
    "opt_post_norm": dict(heads=2, kv=2, d=4, norm="layer", post=True, learned=2, gated=False, act="relu", tied=True,
                          qkv_bias=True, bias=True, final=False),
    "gpt2": dict(heads=2, kv=2, d=4, norm="layer", post=False, learned=0, gated=False, act="gelu_tanh", tied=True,
                 qkv_bias=True, bias=True),
}


def layout(c):
    """(name, layer, rows, cols) in the order of ParameterLayout."""
    out = []
    add = lambda name, layer, rows, cols: out.append((name, layer, rows, cols))

    def norm(name, layer):
        add(name + ".weight", layer, 1, WIDTH)
        if c["norm"] == "layer":
            add(name + ".bias", layer, 1, WIDTH)

    def linear(name, layer, rows, cols, bias):
        add(name + ".weight", layer, rows, cols)
        if bias:
            add(name + ".bias", layer, 1, rows)

    q, kv = c["heads"] * c["d"], c["kv"] * c["d"]
    add("embed_tokens", -1, VOCAB, WIDTH)
    if "learned" in c:
        add("embed_positions", -1, CONTEXT + c["learned"], WIDTH)
    for i in range(LAYERS):
        if not c["post"]:
            norm("input_norm", i)
        linear("q", i, q, WIDTH, c.get("qkv_bias"))
        linear("k", i, kv, WIDTH, c.get("qkv_bias"))
        linear("v", i, kv, WIDTH, c.get("qkv_bias"))
        linear("o", i, WIDTH, q, c.get("bias"))
        norm("post_attention_norm", i)
        if c["gated"]:
            linear("gate", i, INNER, WIDTH, c.get("bias"))
        linear("up", i, INNER, WIDTH, c.get("bias"))
        linear("down", i, WIDTH, INNER, c.get("bias"))
        if c["post"]:
            norm("post_feedforward_norm", i)
    if c.get("final", True):
        norm("final_norm", -1)
    if not c["tied"]:
        add("lm_head.weight", -1, VOCAB, WIDTH)
    return out


def weights(c):
    params = {}
    for p, (name, layer, rows, cols) in enumerate(layout(c)):
        values = [0.35 * math.sin(1.3 * i + 0.9 * p + 0.01 * p * i) for i in range(rows * cols)]
        if name.endswith("norm.weight"):
            values = [v + 1.0 for v in values]
        tensor = torch.tensor(values, dtype=torch.float32).double().reshape(rows, cols)
        params[(name, layer)] = tensor.requires_grad_()
    return params


def rope(x, c):
    """x (T, heads, d)"""
    half = c["d"] // 2
    theta = torch.tensor([10000.0 ** (-2.0 * i / c["d"]) for i in range(half)])
    angle = torch.arange(x.shape[0])[:, None] * theta[None, :]
    cos, sin = angle.cos()[:, None, :], angle.sin()[:, None, :]
    if c["rope"] == "half":
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


def loss_of(c, w):
    def norm(x, name, layer):
        g = w[(name + ".weight", layer)][0]
        if c["norm"] == "rms":
            return g * x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5)
        return torch.nn.functional.layer_norm(x, (WIDTH,), g, w[(name + ".bias", layer)][0], 1e-5)

    def linear(x, name, layer):
        y = x @ w[(name + ".weight", layer)].T
        bias = w.get((name + ".bias", layer))
        return y if bias is None else y + bias[0]

    def act(x):
        if c["act"] == "silu":
            return torch.nn.functional.silu(x)
        if c["act"] == "relu":
            return torch.relu(x)
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    def attention(x, i):
        q = linear(x, "q", i).reshape(TOKENS, c["heads"], c["d"])
        k = linear(x, "k", i).reshape(TOKENS, c["kv"], c["d"])
        v = linear(x, "v", i).reshape(TOKENS, c["kv"], c["d"])
        if "rope" in c:
            q, k = rope(q, c), rope(k, c)
        group = c["heads"] // c["kv"]
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(c["d"])
        mask = torch.triu(torch.ones(TOKENS, TOKENS, dtype=torch.bool), 1)
        a = scores.masked_fill(mask, -math.inf).softmax(-1)
        return linear(torch.einsum("hqk,khd->qhd", a, v).reshape(TOKENS, -1), "o", i)

    def mlp(x, i):
        inner = act(linear(x, "gate", i)) * linear(x, "up", i) if c["gated"] else act(linear(x, "up", i))
        return linear(inner, "down", i)

    ids = torch.tensor([(5 * t + 3) % VOCAB for t in range(TOKENS)])
    targets = torch.tensor([(7 * t + 1) % VOCAB for t in range(TOKENS)])
    x = w[("embed_tokens", -1)][ids]
    if "learned" in c:
        x = x + w[("embed_positions", -1)][c["learned"] : c["learned"] + TOKENS]
    for i in range(LAYERS):
        if c["post"]:
            x = norm(x + attention(x, i), "post_attention_norm", i)
            x = norm(x + mlp(x, i), "post_feedforward_norm", i)
        else:
            x = x + attention(norm(x, "input_norm", i), i)
            x = x + mlp(norm(x, "post_attention_norm", i), i)
    if c.get("final", True):
        x = norm(x, "final_norm", -1)
    head = w[("embed_tokens", -1)] if c["tied"] else w[("lm_head.weight", -1)]
    return torch.nn.functional.cross_entropy(x @ head.T, targets, reduction="sum")


for name, case in CASES.items():
    params = weights(case)
    loss = loss_of(case, params)
    loss.backward()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".txt"), "w") as out:
        out.write("loss %.9g\n" % loss.item())
        for (parameter, layer), tensor in params.items():
            flat = tensor.grad.flatten().tolist()
            out.write("%s.%d %d\n" % (parameter, layer, len(flat)))
            out.write(" ".join("%.7g" % value for value in flat) + "\n")
