#!/usr/bin/env python3
"""Makes tests/golden/decoders/: small random models as Hugging Face folders and every tensor of one pass through them.

Written from the papers and the published shapes with PyTorch in double precision; shares nothing with the decoder in core/.
MLA's names, its layout of rotary pairs and the epsilon of its inner norms follow Transformers' models/deepseek_v2/modeling_deepseek_v2.py.
Needs python3-torch and python3-numpy. Run: python3 tests/golden/make_decoder_goldens.py
"""
import json
import math
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
OUT = pathlib.Path(__file__).parent / "decoders"
TOKENS = [3, 17, 5, 5, 30, 0, 11]


def save_safetensors(path, tensors):
    header, data, at = {}, b"", 0
    for name, tensor in tensors.items():
        raw = tensor.detach().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(raw)]}
        data += raw
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def rounded(*shape, scale=1.0, center=0.0):
    """Random numbers that float32 holds exactly, so that the file and this program mean the same weights."""
    return (center + scale * torch.randn(*shape)).float().double()


class Weights(dict):
    def linear(self, name, out, inp, bias, transposed=False):
        w = rounded(out, inp, scale=1.5 / math.sqrt(inp))
        self[name + ".weight"] = w.t().contiguous() if transposed else w
        if bias:
            self[name + ".bias"] = rounded(out, scale=0.3)

    def norm(self, name, width, bias):
        self[name + ".weight"] = rounded(width, scale=0.2, center=1.0)
        if bias:
            self[name + ".bias"] = rounded(width, scale=0.2)


def attention(q, k, v, seen, prefix):
    """q (T, H, d), k and v (T, G, d) → context (T, H, d); causal softmax(q·kᵀ/√d)·v."""
    heads, groups, d, t = q.shape[1], k.shape[1], q.shape[2], q.shape[0]
    k_all = k.repeat_interleave(heads // groups, dim=1)
    v_all = v.repeat_interleave(heads // groups, dim=1)
    scores = torch.einsum("ihd,jhd->hij", q, k_all) / math.sqrt(d)
    scores = scores.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf"))
    weights = F.softmax(scores, dim=-1)
    context = torch.einsum("hij,jhd->ihd", weights, v_all)
    seen[prefix + "scores"], seen[prefix + "weights"], seen[prefix + "context"] = scores, weights, context
    return context.reshape(t, -1)


def frequencies(d, theta, scaling):
    """Radians a position for each of the d/2 pairs; `scaling` as in config.json, after Transformers' modeling_rope_utils."""
    plain = theta ** (-torch.arange(0, d, 2) / d)
    kind = (scaling or {}).get("rope_type", "default")
    if kind == "default":
        return plain
    slow = plain / scaling["factor"]
    if kind == "linear":
        return slow
    low, high, trained = (scaling[k] for k in ("low_freq_factor", "high_freq_factor", "original_max_position_embeddings"))
    wavelength = 2 * math.pi / plain
    smooth = (trained / wavelength - low) / (high - low)
    blended = (1 - smooth) * slow + smooth * plain
    return torch.where(wavelength < trained / high, plain, torch.where(wavelength > trained / low, slow, blended))


def rotate_half(x, frequency):
    """x (T, heads, d): pair i is (x[i], x[i + d/2])."""
    t, _, d = x.shape
    angle = torch.arange(t)[:, None] * frequency[None, :]
    cos, sin = angle.cos()[:, None, :], angle.sin()[:, None, :]
    a, b = x[..., : d // 2], x[..., d // 2:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def llama(name, heads, groups, d, width=24, inner=40, layers=2, vocab=32, tied=True, theta=10000.0, eps=1e-5, qkv_bias=False, model_type="llama",
          scaling=None):
    w = Weights()
    w["model.embed_tokens.weight"] = rounded(vocab, width, scale=0.5)
    for i in range(layers):
        p = f"model.layers.{i}."
        w.norm(p + "input_layernorm", width, False)
        w.linear(p + "self_attn.q_proj", heads * d, width, qkv_bias)
        w.linear(p + "self_attn.k_proj", groups * d, width, qkv_bias)
        w.linear(p + "self_attn.v_proj", groups * d, width, qkv_bias)
        w.linear(p + "self_attn.o_proj", width, heads * d, False)
        w.norm(p + "post_attention_layernorm", width, False)
        w.linear(p + "mlp.gate_proj", inner, width, False)
        w.linear(p + "mlp.up_proj", inner, width, False)
        w.linear(p + "mlp.down_proj", width, inner, False)
    w.norm("model.norm", width, False)
    if not tied:
        w["lm_head.weight"] = rounded(vocab, width, scale=0.5)
    config = dict(model_type=model_type, architectures=["LlamaForCausalLM"], vocab_size=vocab, hidden_size=width, intermediate_size=inner,
                  num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=groups, max_position_embeddings=64,
                  rms_norm_eps=eps, rope_theta=theta, hidden_act="silu", tie_word_embeddings=tied)
    if d * heads != width:
        config["head_dim"] = d
    if scaling:
        config["rope_scaling"] = scaling
    frequency = frequencies(d, theta, scaling)

    def rms(x, name):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * w[name + ".weight"]

    def linear(x, name):
        return F.linear(x, w[name + ".weight"], w.get(name + ".bias"))

    seen, t = {}, len(TOKENS)
    x = seen["embed_tokens"] = w["model.embed_tokens.weight"][TOKENS]
    for i in range(layers):
        p, s = f"model.layers.{i}.", f"layers.{i}."
        n = seen[s + "input_layernorm"] = rms(x, p + "input_layernorm")
        q = seen[s + "self_attn.q_proj"] = linear(n, p + "self_attn.q_proj").view(t, heads, d)
        k = seen[s + "self_attn.k_proj"] = linear(n, p + "self_attn.k_proj").view(t, groups, d)
        v = seen[s + "self_attn.v_proj"] = linear(n, p + "self_attn.v_proj").view(t, groups, d)
        q = seen[s + "self_attn.q_rot"] = rotate_half(q, frequency)
        k = seen[s + "self_attn.k_rot"] = rotate_half(k, frequency)
        o = seen[s + "self_attn.o_proj"] = linear(attention(q, k, v, seen, s + "self_attn."), p + "self_attn.o_proj")
        x = x + o
        n = seen[s + "post_attention_layernorm"] = rms(x, p + "post_attention_layernorm")
        g = seen[s + "mlp.gate_proj"] = linear(n, p + "mlp.gate_proj")
        u = seen[s + "mlp.up_proj"] = linear(n, p + "mlp.up_proj")
        f = seen[s + "mlp.down_proj"] = linear(F.silu(g) * u, p + "mlp.down_proj")
        x = seen[s + "output"] = x + f
    n = seen["norm"] = rms(x, "model.norm")
    seen["logits"] = F.linear(n, w["model.embed_tokens.weight" if tied else "lm_head.weight"])
    write(name, config, w, seen)


def rotate_pairs(x, frequency):
    """x (T, heads, d): pair i is (x[2i], x[2i + 1]), as one complex number (Transformers' modeling_deepseek_v2, apply_rotary_emb)."""
    t, heads, d = x.shape
    turn = torch.polar(torch.ones(t, d // 2), torch.arange(t)[:, None] * frequency[None, :])
    turned = torch.view_as_complex(x.reshape(t, heads, d // 2, 2).contiguous()) * turn[:, None, :]
    return torch.view_as_real(turned).reshape(t, heads, d)


def deepseek_v2(name, q_rank, heads=3, rank=10, n=6, r=4, v=5, width=24, inner=40, layers=2, vocab=32, theta=10000.0, eps=1e-5):
    """MLA, arXiv 2405.04434 eq. 9-19, dense feed-forward. The two inner norms have their own epsilon of 1e-6 whatever rms_norm_eps is."""
    w, m = Weights(), "self_attn."
    w["model.embed_tokens.weight"] = rounded(vocab, width, scale=0.5)
    for i in range(layers):
        p = f"model.layers.{i}."
        w.norm(p + "input_layernorm", width, False)
        if q_rank:
            w.linear(p + m + "q_a_proj", q_rank, width, False)
            w.norm(p + m + "q_a_layernorm", q_rank, False)
            w.linear(p + m + "q_b_proj", heads * (n + r), q_rank, False)
        else:
            w.linear(p + m + "q_proj", heads * (n + r), width, False)
        w.linear(p + m + "kv_a_proj_with_mqa", rank + r, width, False)
        w.norm(p + m + "kv_a_layernorm", rank, False)
        w.linear(p + m + "kv_b_proj", heads * (n + v), rank, False)
        w.linear(p + m + "o_proj", width, heads * v, False)
        w.norm(p + "post_attention_layernorm", width, False)
        for c, out, inp in (("gate", inner, width), ("up", inner, width), ("down", width, inner)):
            w.linear(f"{p}mlp.{c}_proj", out, inp, False)
    w.norm("model.norm", width, False)
    w["lm_head.weight"] = rounded(vocab, width, scale=0.5)
    config = dict(model_type="deepseek_v2", architectures=["DeepseekV2ForCausalLM"], vocab_size=vocab, hidden_size=width,
                  intermediate_size=inner, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=heads, q_lora_rank=q_rank,
                  kv_lora_rank=rank, qk_nope_head_dim=n, qk_rope_head_dim=r, v_head_dim=v, first_k_dense_replace=layers,
                  max_position_embeddings=64, rms_norm_eps=eps, rope_theta=theta, hidden_act="silu", tie_word_embeddings=False)
    frequency = frequencies(r, theta, None)

    def rms(x, name, eps):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * w[name + ".weight"]

    def linear(x, name):
        return F.linear(x, w[name + ".weight"])

    seen, t = {}, len(TOKENS)
    x = seen["embed_tokens"] = w["model.embed_tokens.weight"][TOKENS]
    for i in range(layers):
        p, s = f"model.layers.{i}.", f"layers.{i}."
        h = seen[s + "input_layernorm"] = rms(x, p + "input_layernorm", eps)
        if q_rank:
            down = seen[s + m + "q_a_proj"] = linear(h, p + m + "q_a_proj")
            down = seen[s + m + "q_a_layernorm"] = rms(down, p + m + "q_a_layernorm", 1e-6)
            q = seen[s + m + "q_b_proj"] = linear(down, p + m + "q_b_proj").view(t, heads, n + r)
        else:
            q = seen[s + m + "q_proj"] = linear(h, p + m + "q_proj").view(t, heads, n + r)
        compressed = seen[s + m + "kv_a_proj_with_mqa"] = linear(h, p + m + "kv_a_proj_with_mqa")
        latent = seen[s + m + "kv_a_layernorm"] = rms(compressed[:, :rank], p + m + "kv_a_layernorm", 1e-6)
        rebuilt = seen[s + m + "kv_b_proj"] = linear(latent, p + m + "kv_b_proj").view(t, heads, n + v)
        q_r = seen[s + m + "q_rot"] = rotate_pairs(q[..., n:], frequency)
        k_r = seen[s + m + "k_rot"] = rotate_pairs(compressed[:, None, rank:], frequency)
        query = torch.cat([q[..., :n], q_r], dim=-1)
        key = torch.cat([rebuilt[..., :n], k_r.expand(t, heads, r)], dim=-1)
        o = seen[s + m + "o_proj"] = linear(attention(query, key, rebuilt[..., n:], seen, s + m), p + m + "o_proj")
        x = x + o
        h = seen[s + "post_attention_layernorm"] = rms(x, p + "post_attention_layernorm", eps)
        g = seen[s + "mlp.gate_proj"] = linear(h, p + "mlp.gate_proj")
        u = seen[s + "mlp.up_proj"] = linear(h, p + "mlp.up_proj")
        f = seen[s + "mlp.down_proj"] = linear(F.silu(g) * u, p + "mlp.down_proj")
        x = seen[s + "output"] = x + f
    h = seen["norm"] = rms(x, "model.norm", eps)
    seen["logits"] = F.linear(h, w["lm_head.weight"])
    write(name, config, w, seen)


def layer_normed(name, kind, heads, width=24, inner=40, layers=2, vocab=32, pre=True):
    """gpt2 (Conv1D, fused c_attn) and opt (offset 2, ReLU, pre- or post-norm)."""
    d, context, eps, t = width // heads, 64, 1e-5, len(TOKENS)
    gpt2 = kind == "gpt2"
    root = "transformer." if gpt2 else "model.decoder."
    w = Weights()
    w[root + ("wte.weight" if gpt2 else "embed_tokens.weight")] = rounded(vocab, width, scale=0.5)
    w[root + ("wpe.weight" if gpt2 else "embed_positions.weight")] = rounded(context if gpt2 else context + 2, width, scale=0.5)
    names = (dict(ln1="ln_1", ln2="ln_2", up="mlp.c_fc", down="mlp.c_proj", o="attn.c_proj") if gpt2 else
             dict(ln1="self_attn_layer_norm", ln2="final_layer_norm", up="fc1", down="fc2", o="self_attn.out_proj"))
    for i in range(layers):
        p = f"{root}h.{i}." if gpt2 else f"{root}layers.{i}."
        w.norm(p + names["ln1"], width, True)
        if gpt2:
            w.linear(p + "attn.c_attn", 3 * width, width, True, True)
        else:
            for x in "qkv":
                w.linear(f"{p}self_attn.{x}_proj", width, width, True)
        w.linear(p + names["o"], width, width, True, gpt2)
        w.norm(p + names["ln2"], width, True)
        w.linear(p + names["up"], inner, width, True, gpt2)
        w.linear(p + names["down"], width, inner, True, gpt2)
    if pre:
        w.norm(root + ("ln_f" if gpt2 else "final_layer_norm"), width, True)
    if gpt2:
        config = dict(model_type="gpt2", vocab_size=vocab, n_embd=width, n_inner=inner, n_layer=layers, n_head=heads, n_positions=context,
                      layer_norm_epsilon=eps, activation_function="gelu_new")
    else:
        config = dict(model_type="opt", vocab_size=vocab, hidden_size=width, word_embed_proj_dim=width, ffn_dim=inner, num_hidden_layers=layers,
                      num_attention_heads=heads, max_position_embeddings=context, activation_function="relu", do_layer_norm_before=pre,
                      enable_bias=True, layer_norm_elementwise_affine=True, tie_word_embeddings=True)

    def norm(x, name):
        return F.layer_norm(x, (width,), w[name + ".weight"], w[name + ".bias"], eps)

    def linear(x, name):
        weight = w[name + ".weight"]
        return F.linear(x, weight.t() if gpt2 else weight, w[name + ".bias"])

    def act(x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))) if gpt2 else F.relu(x)

    seen = {}
    embed = w[root + ("wte.weight" if gpt2 else "embed_tokens.weight")]
    table = w[root + ("wpe.weight" if gpt2 else "embed_positions.weight")]
    seen["embed_positions"] = table[torch.arange(t) + (0 if gpt2 else 2)]
    x = seen["embed_tokens"] = embed[TOKENS] + seen["embed_positions"]
    for i in range(layers):
        p, s = (f"{root}h.{i}." if gpt2 else f"{root}layers.{i}."), f"layers.{i}."
        n = x
        if pre:
            n = seen[s + "input_layernorm"] = norm(x, p + names["ln1"])
        if gpt2:
            q, k, v = linear(n, p + "attn.c_attn").split(width, dim=1)
        else:
            q, k, v = (linear(n, f"{p}self_attn.{c}_proj") for c in "qkv")
        q, k, v = (z.reshape(t, heads, d) for z in (q, k, v))
        for c, z in zip("qkv", (q, k, v)):
            seen[f"{s}self_attn.{c}_proj"] = z
        o = seen[s + "self_attn.o_proj"] = linear(attention(q, k, v, seen, s + "self_attn."), p + names["o"])
        x = x + o
        if pre:
            n = norm(x, p + names["ln2"])
        else:
            n = x = norm(x, p + names["ln1"])
        seen[s + "post_attention_layernorm"] = n
        u = seen[s + "mlp.up_proj"] = linear(n, p + names["up"])
        f = seen[s + "mlp.down_proj"] = linear(act(u), p + names["down"])
        x = x + f
        if not pre:
            x = seen[s + "post_feedforward_layernorm"] = norm(x, p + names["ln2"])
        seen[s + "output"] = x
    if pre:
        x = seen["norm"] = norm(x, root + ("ln_f" if gpt2 else "final_layer_norm"))
    seen["logits"] = F.linear(x, embed)
    write(name, config, w, seen)


def write(name, config, weights, seen):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_safetensors(folder / "model.safetensors", weights)
    save_safetensors(folder / "expected.safetensors", {"tokens": torch.tensor(TOKENS, dtype=torch.float64), **seen})


torch.manual_seed(20)
llama("llama-mha", heads=4, groups=4, d=6)
llama("llama-gqa-untied", heads=4, groups=2, d=6, tied=False, theta=500000.0)
llama("llama-mqa", heads=4, groups=1, d=6, eps=1e-6)
llama("llama-head-dim", heads=3, groups=1, d=10, width=16)
llama("qwen2", heads=4, groups=2, d=6, qkv_bias=True, model_type="qwen2")
layer_normed("gpt2", "gpt2", heads=4)
layer_normed("opt-pre-norm", "opt", heads=4)
layer_normed("opt-post-norm", "opt", heads=3, pre=False)
llama("llama-rope-linear", heads=4, groups=2, d=6, scaling=dict(rope_type="linear", factor=2.5))
# Of the eight pairs the first two are fast, two are blended, the rest slow.
llama("llama-rope-llama3", heads=2, groups=1, d=16, theta=500.0, scaling=dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=96))
deepseek_v2("deepseek-v2", q_rank=None)
deepseek_v2("deepseek-v2-query-rank", q_rank=8)
print(sum(f.stat().st_size for f in OUT.rglob("*") if f.is_file()) // 1024, "KiB in", OUT)
