// Where the walk's numbers come from.
#include "core/explain/derived.h"
#include "views/shapes/shapes_model.h"

#include <QCoreApplication>

#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ShapesView", text);
}

WalkMatrix matrixOf(WalkTensor tensor) {
  return tensor == WalkTensor::k   ? WalkMatrix::k
         : tensor == WalkTensor::v ? WalkMatrix::v
         : tensor == WalkTensor::q ? WalkMatrix::q
                                   : WalkMatrix::o;
}

std::string matrixName(WalkMatrix matrix) {
  const char* names[] = {"W_q", "W_k", "W_v", "W_o"};
  return names[static_cast<std::size_t>(matrix)];
}

std::string bracketed(const std::string& name, int row, int column) {
  return name + "[" + std::to_string(row) + ", " + std::to_string(column) + "]";
}

}  // namespace

/// A token's row of a head, named as the walk names it.
Operand ShapesModel::rowOf(WalkTensor tensor, int token, int head) const {
  const WalkSource& s = *m_source;
  std::string name = tensorName(tensor).toStdString() + "[0, ";
  if (s.headsOf(tensor) > 1) name += std::to_string(head) + ", ";
  return {"x", name + std::to_string(token) + "]", s.row(tensor, token, head), std::nullopt};
}

std::optional<NumberPlace> ShapesModel::tracedNumber(const Grid& grid, const Entry& at) const {
  const ModelConfig& config = m_shown.config();
  NumberPlace place{m_shown.selection};
  place.row.query = Position{at.token};
  place.element = at.element;
  const int each = m_source->heads / m_source->headsOf(grid.tensor);
  if (at.head >= 0 && place.row.head.value / each != at.head) place.row.head = HeadIndex{at.head * each};
  const bool preNorm = config.normPlacement == NormPlacement::preNorm;
  switch (grid.tensor) {
    case WalkTensor::x:
      place.row.site = preNorm                      ? Site::inputLayernorm
                       : place.row.layer.value == 0 ? Site::embedTokens
                                                    : Site::output;
      if (place.row.site == Site::output) place.row.layer = LayerIndex{place.row.layer.value - 1};
      return place;
    case WalkTensor::q:
      place.row.site = Site::qProj;
      return place;
    case WalkTensor::k:
      place.row.site = Site::kProj;
      return place;
    case WalkTensor::v:
      place.row.site = Site::vProj;
      return place;
    case WalkTensor::qUsed:
      place.row.site = m_source->isRotary ? Site::qRot : Site::qProj;
      return place;
    case WalkTensor::kUsed:
      place.row.site = m_source->isRotary ? Site::kRot : Site::kProj;
      return place;
    case WalkTensor::weights:
      place.row.site = Site::weights;
      place.row.key = Position{at.key};
      return place;
    case WalkTensor::context:
      place.row.site = Site::context;
      return place;
    case WalkTensor::output:
      place.row.site = Site::oProj;
      return place;
    case WalkTensor::scores:
      break;
  }
  return std::nullopt;
}

std::optional<Explanation> ShapesModel::derivedNumber(const Grid& grid, const Entry& at) const {
  const WalkSource& s = *m_source;
  const float shown = valueAt(grid, at);
  if (!std::isfinite(shown)) return std::nullopt;
  const int flat = at.head * s.headDim + at.element;
  DerivedName name;
  name.origin = (s.isRun ? tr("From the layer that is shown: scores before they are divided by √d.")
                         : tr("The lecture's example: numbers drawn with seed 1, worked through by the "
                              "decoder's own kernels; not from the run."))
                    .toStdString();
  name.shape = grid.shape.toStdString();
  if (grid.kind == Kind::matrix) {
    const bool isOutput = grid.matrix == WalkMatrix::o;
    name.name = bracketed(matrixName(grid.matrix), isOutput ? at.input : flat, isOutput ? flat : at.input);
    name.origin = (s.isRun ? tr("A weight of the model.") : tr("Drawn with seed 1.")).toStdString();
    return explainLookup(name, "W[o, i]", {"w", name.name, {shown}, std::nullopt});
  }
  // A token's row times a row of the matrix.
  const auto projected = [&](Operand x, WalkMatrix matrix, int out) {
    Operand w{"w", matrixName(matrix) + "[" + std::to_string(out) + "]", {}, std::nullopt};
    for (int i = 0; i < static_cast<int>(x.values.size()); ++i) w.values.push_back(s.weight(matrix, out, i));
    return explainProduct(name, std::move(w), std::move(x), {}, static_cast<double>(shown));
  };
  name.name = bracketed(tensorName(grid.tensor).toStdString(), at.token, at.key >= 0 ? at.key : at.element);
  if (at.head >= 0) name.name += ", " + tr("head %1").arg(at.head).toStdString();
  const int kvHead = at.head < 0 ? 0 : keyValueHeadOf(at.head);
  switch (grid.tensor) {
    case WalkTensor::x:
      return explainLookup(name, "x", {"x", name.name, {shown}, std::nullopt});
    case WalkTensor::q:
    case WalkTensor::qUsed:
      return projected(rowOf(WalkTensor::x, at.token, 0), WalkMatrix::q, flat);
    case WalkTensor::k:
    case WalkTensor::kUsed:
      return projected(rowOf(WalkTensor::x, at.token, 0), WalkMatrix::k, flat);
    case WalkTensor::v:
      return projected(rowOf(WalkTensor::x, at.token, 0), matrixOf(grid.tensor), flat);
    case WalkTensor::scores: {
      Operand q = rowOf(WalkTensor::qUsed, at.token, at.head), k = rowOf(WalkTensor::kUsed, at.key, kvHead);
      q.symbol = "q";
      k.symbol = "k";
      return explainInnerProduct(name, std::move(q), std::move(k), static_cast<double>(shown));
    }
    case WalkTensor::weights: {
      Operand scores = rowOf(WalkTensor::scores, at.token, at.head);
      scores.values.resize(static_cast<std::size_t>(at.token) + 1);
      return explainDividedSoftmax(name, std::move(scores), std::sqrt(s.headDim), at.key,
                                   static_cast<double>(shown));
    }
    case WalkTensor::context: {
      Operand weights = rowOf(WalkTensor::weights, at.token, at.head);
      weights.values.resize(static_cast<std::size_t>(at.token) + 1);
      Operand values{"v", bracketed("V", kvHead, at.element), {}, std::nullopt};
      for (int t = 0; t <= at.token; ++t)
        values.values.push_back(s.row(WalkTensor::v, t, kvHead)[static_cast<std::size_t>(at.element)]);
      return explainWeightedSum(name, std::move(weights), std::move(values), static_cast<double>(shown));
    }
    case WalkTensor::output: {
      Operand x{"x", tr("context, concatenated").toStdString(), {}, std::nullopt};
      for (int h = 0; h < s.heads; ++h) {
        const std::vector<float>& row = s.row(WalkTensor::context, at.token, h);
        x.values.insert(x.values.end(), row.begin(), row.end());
      }
      return projected(std::move(x), WalkMatrix::o, at.element);
    }
  }
  return std::nullopt;
}

std::optional<NumberPlace> ShapesModel::number(const GridSheet::Spot& spot) const {
  const Grid& grid = m_grids[spot.line][spot.item];
  const Entry at = entryAt(grid, spot.row, spot.column);
  if (at.isGap || (grid.isCausal && at.key > at.token)) return std::nullopt;
  if (m_source->isRun && grid.kind == Kind::tensor && grid.tensor != WalkTensor::scores) {
    std::optional<NumberPlace> place = tracedNumber(grid, at);
    // The rows of keys and values leave the query where it is.
    const bool isOperand =
        m_step > WalkStep::transpose && (grid.tensor == WalkTensor::kUsed || grid.tensor == WalkTensor::v);
    if (place && isOperand) {
      place->position = at.token;
      place->row.query = m_shown.selection.query;
    }
    return place;
  }
  std::optional<Explanation> explanation = derivedNumber(grid, at);
  if (!explanation) return std::nullopt;
  return derivedPlace(selected(spot).value_or(m_shown.selection), std::move(*explanation));
}

}  // namespace decodescope
