#pragma once

#include "core/explain/worked_example.h"
#include "views/shown_run.h"

#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

namespace decodescope {

/// The tensors that a layer's attention goes through. "Used" are those after RoPE, where there is one.
enum class WalkTensor { x, q, k, v, qUsed, kUsed, scores, weights, context, output };
/// The matrices that they are multiplied with.
enum class WalkMatrix { q, k, v, o };

/// Where the numbers of a walk come from: the lecture's example or a run. Letters as in core/README.md.
class WalkSource {
 public:
  virtual ~WalkSource() = default;

  int tokens = 1;         ///< T
  int hidden = 1;         ///< D
  int heads = 1;          ///< H
  int keyValueHeads = 1;  ///< G
  int headDim = 1;        ///< d
  bool isRun = false;
  bool isRotary = false;

  int headsOf(WalkTensor tensor) const;
  /// One token's row of one head (of a key/value head for k and v; head 0 where a tensor has no heads): d
  /// numbers, D, or one a key. NaN where a run has no number.
  const std::vector<float>& row(WalkTensor tensor, int token, int head) const;
  /// W[out][in].
  virtual float weight(WalkMatrix matrix, int out, int in) const = 0;
  virtual float bias(WalkMatrix matrix, int out) const = 0;
  virtual QString tokenText(int token) const = 0;

 protected:
  virtual std::vector<float> makeRow(WalkTensor tensor, int token, int head) const = 0;

 private:
  mutable std::map<std::tuple<WalkTensor, int, int>, std::vector<float>> m_rows;
};

/// 3 tokens of 6 numbers, `heads` of 6/heads: drawn, then worked through by the decoder's own kernels.
std::unique_ptr<WalkSource> lectureWalk(int heads);

/// The run's tensors of the selected layer. nullptr when it has not the rows that the walk needs: of another
/// kind of attention, or none stored.
std::unique_ptr<WalkSource> runWalk(const ShownRun& shown);

}  // namespace decodescope
