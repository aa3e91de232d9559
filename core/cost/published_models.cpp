#include "core/cost/published_models.h"

#include <array>

namespace decodescope {
namespace {

constexpr CacheShape shape(int layers, int hidden, int heads, int keyValueHeads, int headDim) {
  return {.layers = layers,
          .hiddenSize = hidden,
          .heads = heads,
          .keyValueHeads = keyValueHeads,
          .headDim = headDim};
}

/// Every query head with a key/value head of its own.
constexpr CacheShape multiHead(int layers, int hidden, int heads, int headDim) {
  return shape(layers, hidden, heads, heads, headDim);
}

constexpr CacheShape windowed(CacheShape s, int window) {
  s.window = window;
  return s;
}

constexpr CacheShape latent(CacheShape s, int rank, int rotary, int queryRank) {
  s.latentRank = rank;
  s.rotaryDim = rotary;
  s.queryRank = queryRank;
  return s;
}

constexpr const char* kLlama1 = "Touvron et al. 2023, “LLaMA”, table 2";
constexpr const char* kLlama2 =
    "Touvron et al. 2023, “Llama 2”, table 1; dimensions: model cards' config.json";
constexpr const char* kGpt2 = "Radford et al. 2019, table 2; parameters: model card";
constexpr const char* kGpt3 = "Brown et al. 2020, table 2.1";
constexpr const char* kLecture = "the lecture on the KV cache";

constexpr std::array kModels{
    PublishedModel{"gpt2-small", "GPT-2 small", multiHead(12, 768, 12, 64), 1024, 0.124, kGpt2},
    PublishedModel{"gpt2-medium", "GPT-2 medium", multiHead(24, 1024, 16, 64), 1024, 0.355, kGpt2},
    PublishedModel{"gpt2-large", "GPT-2 large", multiHead(36, 1280, 20, 64), 1024, 0.774, kGpt2},
    PublishedModel{"gpt2-xl", "GPT-2 XL", multiHead(48, 1600, 25, 64), 1024, 1.5, kGpt2},
    PublishedModel{"gpt3-small", "GPT-3 Small", multiHead(12, 768, 12, 64), 2048, 0.125, kGpt3},
    PublishedModel{"gpt3-medium", "GPT-3 Medium", multiHead(24, 1024, 16, 64), 2048, 0.350, kGpt3},
    PublishedModel{"gpt3-large", "GPT-3 Large", multiHead(24, 1536, 16, 96), 2048, 0.760, kGpt3},
    PublishedModel{"gpt3-xl", "GPT-3 XL", multiHead(24, 2048, 24, 128), 2048, 1.3, kGpt3,
                   "24 heads of 128 as the paper prints them: 3072 numbers, not d_model = 2048"},
    PublishedModel{"gpt3-175b", "GPT-3 175B", multiHead(96, 12288, 96, 128), 2048, 175, kGpt3},
    PublishedModel{"llama1-7b", "LLaMA 7B", multiHead(32, 4096, 32, 128), 2048, 6.7, kLlama1},
    PublishedModel{"llama1-13b", "LLaMA 13B", multiHead(40, 5120, 40, 128), 2048, 13.0, kLlama1},
    PublishedModel{"llama1-33b", "LLaMA 33B", multiHead(60, 6656, 52, 128), 2048, 32.5, kLlama1},
    PublishedModel{"llama1-65b", "LLaMA 65B", multiHead(80, 8192, 64, 128), 2048, 65.2, kLlama1},
    PublishedModel{"llama2-7b", "LLaMA 2 7B", multiHead(32, 4096, 32, 128), 4096, 7, kLlama2},
    PublishedModel{"llama2-13b", "LLaMA 2 13B", multiHead(40, 5120, 40, 128), 4096, 13, kLlama2},
    PublishedModel{"llama2-34b", "LLaMA 2 34B", shape(48, 8192, 64, 8, 128), 4096, 34,
                   "Touvron et al. 2023, “Llama 2”, table 1 (GQA); dimensions: Code Llama 34B's config.json",
                   "its own paper gives no dimensions"},
    PublishedModel{"llama2-70b", "LLaMA 2 70B", shape(80, 8192, 64, 8, 128), 4096, 70, kLlama2},
    PublishedModel{"mistral-7b", "Mistral 7B", windowed(shape(32, 4096, 32, 8, 128), 4096), 8192, 7,
                   "Jiang et al. 2023, “Mistral 7B”, table 1",
                   "keeps the last 4096 positions only (sliding window)"},
    PublishedModel{"lecture-48", "48 layers of 7168", multiHead(48, 7168, 56, 128), 1024, 30, kLecture,
                   "7168 as 56 heads of 128: OPT-30B's sizes (Zhang et al. 2022, table 1)"},
    PublishedModel{"lecture-61", "61 layers of 128 × 128", multiHead(61, 7168, 128, 128), 100000, 671,
                   kLecture, "DeepSeek-V3's sizes, as if keys and values were cached head by head"},
    PublishedModel{"deepseek-v3", "DeepSeek-V3", latent(multiHead(61, 7168, 128, 128), 512, 64, 1536), 131072,
                   671, "DeepSeek-AI 2024, “DeepSeek-V3 Technical Report”, §4.2"},
};

constexpr const char* kA100 = "NVIDIA A100 datasheet, 2021 (80 GB PCIe)";
constexpr const char* kH100 = "NVIDIA H100 datasheet, 2023 (SXM; tensor cores without sparsity)";

constexpr std::array kAccelerators{
    Accelerator{"a100-fp32", "A100, FP32", 19.5, 1935, kA100},
    Accelerator{"a100-fp16", "A100, FP16 tensor cores", 312, 1935, kA100},
    Accelerator{"h100-fp32", "H100, FP32", 67, 3350, kH100},
    Accelerator{"h100-fp16", "H100, FP16 tensor cores", 989.5, 3350, kH100},
};

}  // namespace

std::span<const PublishedModel> publishedModels() {
  return kModels;
}

std::span<const Accelerator> accelerators() {
  return kAccelerators;
}

}  // namespace decodescope
