// Which rows and columns the steps' matrices have.
#include "views/shapes/shapes_model.h"

#include <QCoreApplication>

#include <algorithm>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ShapesView", text);
}

/// 0 … count−1, or the first ones, the chosen one and the last, with −1 for what is left out between.
std::vector<int> shortened(int count, int most, int chosen) {
  std::vector<int> all;
  if (count <= most + 1) {  // a gap in place of one row saves nothing
    for (int i = 0; i < count; ++i) all.push_back(i);
    return all;
  }
  std::vector<int> kept{count - 1};
  if (chosen >= 0 && chosen < count - 1) kept.push_back(chosen);
  for (int i = 0; static_cast<int>(kept.size()) < most; ++i) {
    if (i != chosen) kept.push_back(i);
  }
  std::sort(kept.begin(), kept.end());
  int last = -1;
  for (const int i : kept) {
    if (i != last + 1) all.push_back(-1);
    all.push_back(i);
    last = i;
  }
  return all;
}

WalkMatrix matrixOf(WalkTensor followed) {
  return followed == WalkTensor::k   ? WalkMatrix::k
         : followed == WalkTensor::v ? WalkMatrix::v
                                     : WalkMatrix::q;
}

}  // namespace

Ink ShapesModel::inkOf(WalkTensor tensor) {
  switch (tensor) {
    case WalkTensor::q:
    case WalkTensor::qUsed:
      return Ink::query;
    case WalkTensor::k:
    case WalkTensor::kUsed:
      return Ink::key;
    case WalkTensor::v:
      return Ink::value;
    default:
      return Ink::plain;
  }
}

ShapesModel::Axis ShapesModel::tokenAxis() const {
  Axis axis;
  for (const int t : shortened(m_source->tokens, m_room.tokens, chosenToken())) {
    axis.push_back({.token = t, .isGap = t < 0});
    m_isShortened |= t < 0;
  }
  return axis;
}

ShapesModel::Axis ShapesModel::keyAxis() const {
  Axis axis = tokenAxis();
  for (Entry& entry : axis) entry = {.key = entry.token, .isGap = entry.isGap};
  return axis;
}

ShapesModel::Axis ShapesModel::elementAxis() const {
  Axis axis;
  for (const int i : shortened(m_source->headDim, m_room.elements, -1)) {
    axis.push_back({.element = i, .isGap = i < 0});
    m_isShortened |= i < 0;
  }
  return axis;
}

ShapesModel::Axis ShapesModel::hiddenAxis(bool isInput) const {
  Axis axis;
  for (const int i : shortened(m_source->hidden, m_room.hidden, -1)) {
    Entry entry{.isGap = i < 0};
    (isInput ? entry.input : entry.element) = i;
    axis.push_back(entry);
    m_isShortened |= i < 0;
  }
  return axis;
}

std::vector<int> ShapesModel::shownHeads(WalkTensor tensor) const {
  return shortened(m_source->headsOf(tensor), m_room.heads, chosenHead(tensor));
}

ShapesModel::Axis ShapesModel::headAxis(WalkTensor tensor) const {
  Axis axis;
  for (const int h : shownHeads(tensor)) {
    axis.push_back({.head = h, .isGap = h < 0});
    m_isShortened |= h < 0;
  }
  return axis;
}

ShapesModel::Axis ShapesModel::flatAxis(WalkTensor tensor) const {
  Axis axis;
  for (const Entry& head : headAxis(tensor)) {
    if (head.isGap) {
      axis.push_back(head);
      continue;
    }
    for (Entry element : elementAxis()) {
      element.head = head.head;
      axis.push_back(element);
    }
  }
  return axis;
}

// Grids

ShapesModel::Grid ShapesModel::flat(WalkTensor tensor) const {
  return {.tensor = tensor,
          .whole = {},
          .rows = tokenAxis(),
          .columns = flatAxis(tensor),
          .name = tensorName(tensor),
          .shape = shapeText({m_source->tokens, m_source->headsOf(tensor) * m_source->headDim}),
          .ink = inkOf(tensor)};
}

ShapesModel::Grid ShapesModel::wide(WalkTensor tensor) const {
  return {.tensor = tensor,
          .whole = {},
          .rows = tokenAxis(),
          .columns = hiddenAxis(false),
          .name = tensorName(tensor),
          .shape = shapeText({m_source->tokens, m_source->hidden})};
}

ShapesModel::Grid ShapesModel::ofToken(WalkTensor tensor, int token) const {
  return {.tensor = tensor,
          .whole = {.token = token},
          .rows = headAxis(tensor),
          .columns = elementAxis(),
          .name = m_source->tokenText(token),
          .shape = shapeText({m_source->headsOf(tensor), m_source->headDim}),
          .ink = inkOf(tensor)};
}

ShapesModel::Grid ShapesModel::ofHead(WalkTensor tensor, int head) const {
  const bool isByKey = tensor == WalkTensor::scores || tensor == WalkTensor::weights;
  Grid grid{.tensor = tensor,
            .whole = {.head = head},
            .rows = tokenAxis(),
            .columns = isByKey ? keyAxis() : elementAxis(),
            .name = tr("%1, head %2").arg(tensorName(tensor)).arg(head),
            .shape = shapeText({m_source->tokens, isByKey ? m_source->tokens : m_source->headDim}),
            .ink = inkOf(tensor)};
  // A run never computes the scores of later keys; the lecture does, and masks them.
  grid.isCausal = tensor == WalkTensor::weights || (tensor == WalkTensor::scores && m_source->isRun);
  return grid;
}

ShapesModel::Grid ShapesModel::weights(WalkMatrix matrix) const {
  Grid grid;
  grid.kind = Kind::matrix;
  grid.matrix = matrix;
  // Wᵀ: inputs down, outputs across. W_o's inputs are the heads' blocks.
  if (matrix == WalkMatrix::o) {
    grid.rows = flatAxis(WalkTensor::context);
    grid.columns = hiddenAxis(true);
    grid.name = QStringLiteral("W_oᵀ");
    grid.shape = shapeText({m_source->heads * m_source->headDim, m_source->hidden});
  } else {
    grid.rows = hiddenAxis(true);
    grid.columns = flatAxis(m_followed);
    grid.name = matrix == WalkMatrix::q   ? QStringLiteral("W_qᵀ")
                : matrix == WalkMatrix::k ? QStringLiteral("W_kᵀ")
                                          : QStringLiteral("W_vᵀ");
    grid.shape = shapeText({m_source->hidden, m_source->headsOf(m_followed) * m_source->headDim});
  }
  return grid;
}

std::vector<ShapesModel::Grid> ShapesModel::byToken(WalkTensor tensor) const {
  std::vector<Grid> grids;
  for (const Entry& token : tokenAxis()) {
    if (!token.isGap) grids.push_back(ofToken(tensor, token.token));
  }
  return grids;
}

std::vector<ShapesModel::Grid> ShapesModel::byHead(WalkTensor tensor) const {
  std::vector<Grid> grids;
  for (const Entry& head : headAxis(tensor)) {
    if (!head.isGap) grids.push_back(ofHead(tensor, head.head));
  }
  return grids;
}

std::vector<ShapesModel::SignedGrids> ShapesModel::gridLines() const {
  using Line = SignedGrids;
  std::vector<Line> lines;
  const auto line = [&](const QString& sign, const std::vector<Grid>& grids) {
    Line made;
    int last = -1;
    for (const Grid& grid : grids) {
      // Where tokens or heads are left out, dots stand between.
      const int index = grid.whole.token >= 0 ? grid.whole.token : grid.whole.head;
      const bool skips = index > last + 1;
      const QString dots = skips ? QStringLiteral("⋯") : QString();
      made.emplace_back(made.empty() ? sign + dots : dots, grid);
      last = index;
    }
    lines.push_back(made);
  };
  const auto eachHead = [&](WalkTensor of, const auto& make) {
    for (const Entry& head : headAxis(of)) {
      if (!head.isGap) lines.push_back(make(head.head));
    }
  };
  const QString arrow = QStringLiteral("→ ");
  switch (m_step) {
    case WalkStep::project: {
      const WalkMatrix matrix = matrixOf(m_followed);
      lines.push_back({{QString(), wide(WalkTensor::x)},
                       {QStringLiteral("·"), weights(matrix)},
                       {QStringLiteral("="), flat(m_followed)}});
      break;
    }
    case WalkStep::view:
      line(QString(), {flat(m_followed)});
      line(arrow, byToken(m_followed));
      break;
    case WalkStep::transpose:
      line(QString(), byToken(m_followed));
      line(arrow, byHead(m_followed));
      break;
    case WalkStep::scores:
      eachHead(WalkTensor::q, [&](int h) {
        Grid keys = ofHead(WalkTensor::kUsed, keyValueHeadOf(h));
        std::swap(keys.rows, keys.columns);
        keys.name = tr("%1ᵀ, head %2").arg(tensorName(WalkTensor::kUsed)).arg(keyValueHeadOf(h));
        keys.shape = shapeText({m_source->headDim, m_source->tokens});
        return Line{{QString(), ofHead(WalkTensor::qUsed, h)},
                    {QStringLiteral("·"), keys},
                    {QStringLiteral("="), ofHead(WalkTensor::scores, h)}};
      });
      break;
    case WalkStep::weights:
      eachHead(WalkTensor::q, [&](int h) {
        return Line{{QString(), ofHead(WalkTensor::scores, h)},
                    {tr("÷ √%1, mask, softmax →").arg(m_source->headDim), ofHead(WalkTensor::weights, h)}};
      });
      break;
    case WalkStep::context:
      eachHead(WalkTensor::q, [&](int h) {
        return Line{{QString(), ofHead(WalkTensor::weights, h)},
                    {QStringLiteral("·"), ofHead(WalkTensor::v, keyValueHeadOf(h))},
                    {QStringLiteral("="), ofHead(WalkTensor::context, h)}};
      });
      break;
    case WalkStep::transposeBack:
      line(QString(), byHead(WalkTensor::context));
      line(arrow, byToken(WalkTensor::context));
      break;
    case WalkStep::concatenate:
      line(QString(), byToken(WalkTensor::context));
      line(arrow, {flat(WalkTensor::context)});
      break;
    case WalkStep::output:
      lines.push_back({{QString(), flat(WalkTensor::context)},
                       {QStringLiteral("·"), weights(WalkMatrix::o)},
                       {QStringLiteral("="), wide(WalkTensor::output)}});
      break;
  }
  return lines;
}

}  // namespace decodescope
