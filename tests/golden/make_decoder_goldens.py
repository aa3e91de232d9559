#!/usr/bin/env python3
"""Makes tests/golden/decoders/: small random models as Hugging Face folders and every tensor of one pass through them,
and tests/golden/files/: one pass's logits of every architecture in every type of file and of number that is read.

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
FILES = OUT.parent / "files"
TOKENS = [3, 17, 5, 5, 30, 0, 11]


STORED = "F32"  # what the weights that are made next are stored as
SINK = None  # takes (name, config, weights, seen) of the models that are made next; by default OUT does
QUANTISED = {"Q8_0": 34, "Q4_0": 18}  # bytes of a block of 32


def quantised(matrix):
    """ggml's blocks of 32 along a row: a binary16 scale, then 32 signed bytes or 16 bytes of two nibbles (less 8; low ones first)."""
    blocks = matrix.float().numpy().reshape(-1, 32)
    largest = blocks[np.arange(len(blocks)), np.abs(blocks).argmax(1)]
    scale = (np.abs(largest) / 127 if STORED == "Q8_0" else largest / -8).astype("<f2")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(blocks / scale.astype("f4")[:, None], posinf=0, neginf=0)
    if STORED == "Q8_0":
        numbers = np.rint(ratio).clip(-127, 127).astype("i1").view("u1")
    else:
        nibbles = np.rint(ratio + 8).clip(0, 15).astype("u1")
        numbers = nibbles[:, :16] | nibbles[:, 16:] << 4
    return b"".join(s.tobytes() + n.tobytes() for s, n in zip(scale, numbers))


def dequantised(raw, shape):
    """The inverse, block by block and written apart from quantised(): scale times integer, in float32."""
    rows, size = [], QUANTISED[STORED]
    for at in range(0, len(raw), size):
        scale = np.float32(struct.unpack_from("<e", raw, at)[0])
        body = raw[at + 2:at + size]
        if STORED == "Q8_0":
            rows.append([scale * np.float32(x) for x in struct.unpack("<32b", body)])
        else:
            rows.append([scale * np.float32((x & 15) - 8) for x in body] + [scale * np.float32((x >> 4) - 8) for x in body])
    return torch.from_numpy(np.array(rows, dtype="f4").reshape(shape)).double()


def stored_bytes(tensor, kind):
    if kind in QUANTISED:
        return quantised(tensor)
    if kind == "BF16":
        return (tensor.bfloat16().float().numpy().view("<u4") >> 16).astype("<u2").tobytes()
    return tensor.detach().numpy().astype("<f2" if kind == "F16" else "<f4").tobytes()


def save_safetensors(path, tensors, kind="F32"):
    header, data, at = {}, b"", 0
    for name, tensor in tensors.items():
        raw = stored_bytes(tensor, kind)
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + len(raw)]}
        data += raw
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def rounded(*shape, scale=1.0, center=0.0):
    """Random numbers that the stored type holds exactly, so that the file and this program mean the same weights."""
    x = (center + scale * torch.randn(*shape)).float()
    if STORED in QUANTISED:
        return dequantised(quantised(x), x.shape) if x.dim() == 2 else x.double()
    return x.to(dict(F32=torch.float32, F16=torch.float16, BF16=torch.bfloat16)[STORED]).double()


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


def attention(q, k, v, seen, prefix, window=None):
    """q (T, H, d), k and v (T, G, d) → context (T, H, d); causal softmax(q·kᵀ/√d)·v. A window of W: the query's own key and W − 1 before."""
    heads, groups, d, t = q.shape[1], k.shape[1], q.shape[2], q.shape[0]
    k_all = k.repeat_interleave(heads // groups, dim=1)
    v_all = v.repeat_interleave(heads // groups, dim=1)
    scores = torch.einsum("ihd,jhd->hij", q, k_all) / math.sqrt(d)
    scores = scores.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf"))
    if window:
        scores = scores.masked_fill(torch.ones(t, t).tril(-window).bool(), float("-inf"))
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
          scaling=None, window=None, settings={}):
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
    config.update(settings)
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
        o = seen[s + "self_attn.o_proj"] = linear(attention(q, k, v, seen, s + "self_attn.", window), p + "self_attn.o_proj")
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
    if SINK:
        return SINK(name, config, weights, seen)
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


def expected(name, seen):
    folder = FILES / name
    folder.mkdir(parents=True, exist_ok=True)
    save_safetensors(folder / "expected.safetensors", {"tokens": torch.tensor(TOKENS, dtype=torch.float64), "logits": seen["logits"]})
    return folder


def as_folder(name, config, weights, seen):
    """A Hugging Face folder, its tensors in STORED."""
    folder = expected(f"{name}-{STORED.lower()}", seen)
    (folder / "config.json").write_text(json.dumps(config) + "\n")
    save_safetensors(folder / "model.safetensors", weights, STORED)


def as_shards(name, config, weights, seen):
    folder = expected(f"{name}-{STORED.lower()}-sharded", seen)
    (folder / "config.json").write_text(json.dumps(config) + "\n")
    names = list(weights)
    parts = {f"model-0000{i + 1}-of-00003.safetensors": names[i::3] for i in range(3)}
    for file, part in parts.items():
        save_safetensors(folder / file, {n: weights[n] for n in part}, STORED)
    index = {"metadata": {}, "weight_map": {n: file for file, part in parts.items() for n in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index) + "\n")


def paired(matrix, heads):
    """Rows of q or k as they are for rotate-half, put in the order for neighbouring pairs (llama.cpp's convert_hf_to_gguf.py, permute)."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


GGML_TYPES = dict(F32=0, F16=1, Q4_0=2, Q8_0=8, BF16=30)
GGUF_NAMES = [("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"), ("model.layers.", "blk."),
              ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
              ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"), ("mlp.gate_proj", "ffn_gate"),
              ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
              ("transformer.wte", "token_embd"), ("transformer.wpe", "position_embd"), ("transformer.ln_f", "output_norm"), ("transformer.h.", "blk."),
              ("ln_1", "attn_norm"), ("ln_2", "ffn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"), ("mlp.c_fc", "ffn_up"),
              ("mlp.c_proj", "ffn_down")]


def as_gguf(version):
    """GGUF by its specification (ggml's docs/gguf.md): matrices in STORED, vectors and positions in F32."""

    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def pair(key, value):
        if isinstance(value, str):
            return text(key) + struct.pack("<I", 8) + text(value)
        kind, form = (6, "<f") if isinstance(value, float) else (4, "<I")
        return text(key) + struct.pack("<I", kind) + struct.pack(form, value)

    def sink(name, config, weights, seen):
        folder = expected(f"gguf-{name}-{STORED.lower()}" + ("-window" if "sliding_window" in config else ""), seen)
        gpt2 = name == "gpt2"
        get = lambda hf, own: config[own if gpt2 else hf]
        pairs = {"general.architecture": name, f"{name}.embedding_length": get("hidden_size", "n_embd"),
                 f"{name}.feed_forward_length": get("intermediate_size", "n_inner"), f"{name}.block_count": get("num_hidden_layers", "n_layer"),
                 f"{name}.attention.head_count": get("num_attention_heads", "n_head"),
                 f"{name}.context_length": get("max_position_embeddings", "n_positions")}
        if gpt2:
            pairs[f"{name}.attention.layer_norm_epsilon"] = config["layer_norm_epsilon"]
        else:
            pairs[f"{name}.attention.head_count_kv"] = config["num_key_value_heads"]
            pairs[f"{name}.attention.layer_norm_rms_epsilon"] = config["rms_norm_eps"]
            pairs[f"{name}.rope.freq_base"] = config["rope_theta"]
        if "sliding_window" in config:
            pairs[f"{name}.attention.sliding_window"] = config["sliding_window"]
        infos, data = b"", b""
        for key, tensor in weights.items():
            for a, b in GGUF_NAMES:
                key = key.replace(a, b)
            if gpt2 and tensor.dim() == 2 and "embd" not in key:
                tensor = tensor.t().contiguous()  # Conv1D
            if name == "llama" and "attn_q." in key:
                tensor = paired(tensor, config["num_attention_heads"])
            if name == "llama" and "attn_k." in key:
                tensor = paired(tensor, config["num_key_value_heads"])
            kind = STORED if tensor.dim() == 2 and key != "position_embd.weight" else "F32"
            raw = stored_bytes(tensor, kind)
            assert kind not in QUANTISED or torch.equal(dequantised(raw, tensor.shape), tensor)
            infos += text(key) + struct.pack("<I", tensor.dim()) + struct.pack(f"<{tensor.dim()}Q", *reversed(tensor.shape))
            infos += struct.pack("<IQ", GGML_TYPES[kind], len(data))
            data += raw + b"\0" * (-len(raw) % 32)
        head = b"GGUF" + struct.pack("<IQQ", version, len(weights), len(pairs)) + b"".join(pair(*p) for p in pairs.items()) + infos
        (folder / "model.gguf").write_bytes(head + b"\0" * (-len(head) % 32) + data)

    return sink


def as_llama2c(version):
    """llama2.c's export.py: version 0 by legacy_export(), version 1 by version1_export(); q and k permuted as its load_hf_model() does."""

    def sink(name, config, weights, seen):
        folder = expected(f"llama2c-{name}-v{version}", seen)
        tied, layers = config["tie_word_embeddings"], range(config["num_hidden_layers"])
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        weights = {k: paired(v, heads) if "q_proj" in k else paired(v, groups) if "k_proj" in k else v for k, v in weights.items()}
        sizes = [config["hidden_size"], config["intermediate_size"], len(layers), heads, groups, config["vocab_size"], config["max_position_embeddings"]]
        every = lambda part: [f"model.layers.{i}.{part}.weight" for i in layers]
        projections = [every(f"self_attn.{c}_proj") for c in "qkvo"]
        inner = [every(f"mlp.{c}_proj") for c in ("gate", "down", "up")]
        norms, embedding, last = [every("input_layernorm"), every("post_attention_layernorm")], ["model.embed_tokens.weight"], ["model.norm.weight"]
        output = [] if tied else ["lm_head.weight"]
        pack = lambda groups: b"".join(stored_bytes(weights[n], "F32") for group in groups for n in group)
        if version == 0:
            sizes[5] *= 1 if tied else -1
            angles = b"\0" * (4 * sizes[6] * (sizes[0] // heads))  # two tables that are not read any more
            data = struct.pack("<7i", *sizes) + pack([embedding, norms[0], *projections, norms[1], *inner, last]) + angles + pack([output])
        else:
            head = struct.pack("<Ii7iB", 0x616B3432, 1, *sizes, tied)
            data = head + b"\0" * (256 - len(head)) + pack([*norms, last, embedding, *projections, *inner, output])
        (folder / "model.bin").write_bytes(data)

    return sink


SMALL = dict(width=16, inner=24, layers=2, vocab=32)
torch.manual_seed(21)
SINK = as_folder
for STORED in ("F32", "F16", "BF16"):
    if STORED != "F32":  # those in F32 stand in decoders/
        llama("llama", heads=4, groups=2, d=4, tied=False, **SMALL)
        llama("qwen2", heads=4, groups=2, d=4, qkv_bias=True, model_type="qwen2", **SMALL)
        layer_normed("gpt2", "gpt2", heads=4, **SMALL)
        layer_normed("opt", "opt", heads=4, **SMALL)
        deepseek_v2("deepseek-v2", q_rank=6, **SMALL)
    llama("mistral", heads=4, groups=2, d=4, model_type="mistral", tied=False, window=3, settings=dict(sliding_window=3), **SMALL)
STORED = "F32"
llama("qwen2-window", heads=4, groups=1, d=4, qkv_bias=True, model_type="qwen2", window=4,
      settings=dict(use_sliding_window=True, sliding_window=4, max_window_layers=0), **SMALL)
SINK = as_shards
for STORED in ("F32", "BF16"):
    llama("llama", heads=4, groups=4, d=4, tied=False, **SMALL)
STORED = "F16"
layer_normed("gpt2", "gpt2", heads=2, **SMALL)

BLOCKS = dict(width=32, inner=64, layers=1, vocab=32)
for version, STORED in ((3, "F32"), (2, "F16"), (3, "BF16"), (2, "Q8_0"), (3, "Q4_0")):
    SINK = as_gguf(version)
    llama("llama", heads=4, groups=2, d=8, tied=version == 2, **BLOCKS)
    llama("qwen2", heads=2, groups=1, d=16, tied=version == 3, qkv_bias=True, model_type="qwen2", **BLOCKS)
    layer_normed("gpt2", "gpt2", heads=4, **BLOCKS)
STORED, SINK = "F32", as_gguf(3)
llama("llama", heads=4, groups=2, d=4, window=3, settings=dict(sliding_window=3), **SMALL)
for version in (0, 1):
    SINK = as_llama2c(version)
    for tied in (True, False):
        llama("tied" if tied else "untied", heads=4, groups=2, d=4, tied=tied, **SMALL)
for folder in (OUT, FILES):
    print(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // 1024, "KiB in", folder)
