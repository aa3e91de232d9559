#pragma once

#include "core/base/result.h"
#include "core/decode/run_snapshot.h"

#include <string>

namespace decodescope {

/// Writes a run's tensors into a folder (made when absent), one .npy a tensor, all T fed tokens stacked, and
/// steps.csv.
///   tokens (T,) and generated (n,) as int32; every dumped row of the site table that the architecture has as
///   float32, shaped as the table says; scores (H, T, T) scaled, −∞ where masked; weights (H, T, T), 0 where
///   masked.
/// Scores and weights are derived from the stored q and k by the decoder's own kernel.
/// An error when a position's trace was dropped, or when a file cannot be written.
Result<void> writeDump(const RunSnapshot& run, const std::string& folder);

/// A header line and a line a step: step,rows_computed,macs,bytes_read,kv_bytes,ns,max_abs_diff.
std::string stepsCsv(const RunSnapshot& run);

}  // namespace decodescope
