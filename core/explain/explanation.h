#pragma once

#include "core/decode/run_snapshot.h"

#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// One number of a run: what the user points at.
struct Cell {
  Site site = Site::logits;
  LayerIndex layer = kNoLayer;
  Position position{0};  ///< the token's row; for scores and weights the query
  int index = 0;  ///< within the row; for scores and weights head · visible + key, visible = position + 1
                  ///< (all tokens without a mask)

  friend bool operator==(const Cell&, const Cell&) = default;
};

/// What was computed to get the number. Decides the formula, the recomputation and the code.
enum class ExplanationKind {
  embedding,        ///< a + b, b only where positions are added
  sinusoid,         ///< sin or cos of m / 10000^(2i/D)
  norm,             ///< x, γ (, β)
  product,          ///< w · x (+ b)
  rotation,         ///< the two numbers of a pair, cos, sin
  scaledProduct,    ///< q · k / √d
  feature,          ///< elu(x) + 1
  stateUpdate,      ///< a + k · v
  stateReading,     ///< q · s / q · z
  softmax,          ///< the row of scores
  weightedSum,      ///< Σ a_j v_j
  sum,              ///< a + b
  activation,       ///< act(u)
  gatedActivation,  ///< act(g) · u
  lookup,           ///< the number itself
  // Of what views work out besides (core/explain/derived.h):
  innerProduct,    ///< a · b
  dividedSoftmax,  ///< the row s and what it is divided by
  total,           ///< Σ x
  arithmetic,      ///< numbers in an expression
};

/// A value that went into the number, and where it can be seen.
struct Operand {
  std::string symbol;         ///< "q", "k", "γ" … as in the formula; the name of the variable in code
  std::string name;           ///< "layers.0.self_attn.q_rot[5, head 2]", "model.norm.weight" …
  std::vector<float> values;  ///< one number or a vector
  std::optional<Cell>
      source;  ///< the (first) cell of the trace that it comes from; none for parameters and constants

  friend bool operator==(const Operand&, const Operand&) = default;
};

/// A number with everything that it comes from, recomputed from its operands in double precision.
struct Explanation {
  Cell cell;
  ExplanationKind kind = ExplanationKind::lookup;
  std::string name;      ///< "layers.0.self_attn.weights[head 2, query 5, key 3]"
  std::string lensName;  ///< TransformerLens' name, "" where it has none
  std::string shape;     ///< "(H, T, T) = (4, 7, 7)"
  std::string formula;   ///< "a_j = exp(s_j − max s) / Σ_k exp(s_k − max s)"
  std::string filled;    ///< the same with the real numbers; long sums as their first terms
  std::vector<Operand> operands;
  NormKind norm = NormKind::rmsNorm;         ///< for ExplanationKind::norm
  Activation activation = Activation::silu;  ///< for the activations
  double epsilon = 0;                        ///< for ExplanationKind::norm
  int element =
      0;  ///< which entry of the vectors is meant (norm, softmax), or which number of the pair (rotation)
  std::string expression;  ///< for ExplanationKind::arithmetic: of the operands' symbols, as Python reads it
  std::string origin;      ///< "" for a number of the trace; else where it is worked out, for the user
  double traced = 0;       ///< what the run computed, or the view shows
  double recomputed = 0;   ///< what the operands give

  friend bool operator==(const Explanation&, const Explanation&) = default;
};

/// Explains one number of a run at the moment when `tokens` tokens had been fed. Nothing when the cell is
/// outside the run or a trace that it needs was not kept.
std::optional<Explanation> explain(const RunSnapshot& run, const Cell& cell, int tokens);

/// The number of cells in the row of a site at this position when `tokens` tokens had been fed: the range of
/// Cell::index. 0 for a position that had not been fed or whose trace was not kept.
int cellCount(const RunSnapshot& run, Site site, Position position, int tokens);

/// Python that holds the operands and prints the number again. Runs with NumPy, or PyTorch, alone.
std::string numpyCode(const Explanation& explanation);
std::string torchCode(const Explanation& explanation);

}  // namespace decodescope
