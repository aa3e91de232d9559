#pragma once

#include "core/formats/loaded_model.h"

#include <QString>

namespace decodescope {

/// "llama, GQA · 5 layers · hidden 64 · 8 query heads on 4 of 8 · MLP 172 · 512 tokens · context 512".
QString architectureText(const ModelConfig& config);

/// "260 K parameters, F32 · 1.04 MB in the file, 1.04 MB in memory · cache 2.56 kB a token"; weights that are
/// not copied are said to be used in the file.
QString sizeText(const ModelOutline& outline);

/// Why a model was not loaded: its need and what there is.
QString tooLargeText(const ModelOutline& outline);

}  // namespace decodescope
