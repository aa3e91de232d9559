#pragma once

#include "core/base/result.h"
#include "core/formats/loaded_model.h"

#include <string>
#include <string_view>

namespace decodescope {

/// Reads a checkpoint of llama2.c (https://github.com/karpathy/llama2.c, export.py and run.c), float32:
/// version 0 (seven integers, weights, two tables of rotary angles, which are not used; the sign of
/// vocab_size says whether the output layer is the embedding) and version 1 ("ak42", a header of 256 bytes).
/// Both leave eps (1e-5), theta (10000) and the rotary layout (interleaved pairs) unsaid. The file's size
/// must be exactly what its header asks for. Decoding ends at 2, the end token, and, as in run.c, at 1, the
/// start token.
///
/// The tokenizer is tokenizer.bin beside the checkpoint or, where that is missing or has another number of
/// tokens, the only other tok*.bin with as many tokens as the checkpoint. Without one the model takes ids
/// only and has a warning. `tokenizer`: see loadModel().
Result<LoadedModelPtr> loadLlama2c(const std::string& path, const LoadProgress& progress,
                                   const std::string& tokenizer = {});

/// Whether a file that begins like this says that it is a checkpoint of version 1 or later.
bool hasLlama2cMagic(std::string_view start);

}  // namespace decodescope
