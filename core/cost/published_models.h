#pragma once

#include "core/cost/cache_size.h"

#include <span>

namespace decodescope {

/// A decoder whose sizes were published, for what its cache would take. No weights are involved.
struct PublishedModel {
  const char* id;    ///< "llama2-70b"
  const char* name;  ///< "LLaMA 2 70B"
  CacheShape shape;
  int context = 0;               ///< S, as published
  double billionParameters = 0;  ///< as published
  const char* source;            ///< where the sizes stand
  const char* remark = "";       ///< what to know about them; may be ""
};

/// LLaMA 1 and 2, GPT-2, GPT-3, the lectures' two, Mistral 7B, DeepSeek-V3.
std::span<const PublishedModel> publishedModels();

/// A processor's peak rates. Which are meant stands in the name.
struct Accelerator {
  const char* id;    ///< "a100-fp32"
  const char* name;  ///< "A100 80 GB PCIe, FP32"
  double teraFlops;  ///< 10¹² operations a second, without sparsity
  double gigabytes;  ///< 10⁹ bytes a second from its memory
  const char* source;
};
std::span<const Accelerator> accelerators();

}  // namespace decodescope
