#include "views/shapes/shapes_model.h"

#include "core/attention/variants.h"
#include "views/head_colors.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

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

QString axes(std::initializer_list<int> sizes) {
  QStringList texts;
  for (const int n : sizes) texts << QString::number(n);
  return texts.join(QStringLiteral(" × "));
}

Ink inkOf(WalkTensor tensor) {
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

WalkMatrix matrixOf(WalkTensor followed) {
  return followed == WalkTensor::k   ? WalkMatrix::k
         : followed == WalkTensor::v ? WalkMatrix::v
                                     : WalkMatrix::q;
}

}  // namespace

void ShapesModel::present(const ShownRun& shown, Numbers numbers, WalkStep step, WalkTensor followed) {
  m_shown = shown;
  m_numbers = numbers;
  m_step = step;
  m_followed = followed;
  m_grids.clear();
  m_source = numbers == Numbers::run ? runWalk(shown) : lectureWalk(numbers == Numbers::lecture ? 2 : 3);
}

QString ShapesModel::emptyTitle() const {
  if (m_shown.ready() && m_shown.config().attention != AttentionKind::softmax)
    return tr("No walk for this kind of attention");
  return m_shown.ready() ? tr("Not stored") : m_shown.emptyTitle();
}

QString ShapesModel::emptyText() const {
  if (m_shown.state == ShownRun::State::noModel)
    return tr(
        "Open a model to walk through the shapes of its attention, or choose the lecture's example above.");
  if (!m_shown.ready())
    return tr(
        "Make a step (Space in the window) to walk through the shapes of its attention, or choose the "
        "lecture's example above.");
  const ModelConfig& config = m_shown.config();
  if (!siteExists(Site::kProj, config) || !siteExists(Site::scores, config))
    return tr("%1 has no scores between stored keys of each head: the walk is that of softmax attention with "
              "keys and values head by head. Choose the lecture's example above.")
        .arg(QString::fromUtf8(attentionVariantOf(config).title));
  return tr("The rows of token %1 are not stored any more (trace budget). Choose a later token.")
      .arg(m_shown.tokenText(m_shown.selection.query.value));
}

QString ShapesModel::stepName(WalkStep step) {
  switch (step) {
    case WalkStep::project:
      return tr("project");
    case WalkStep::view:
      return tr("view");
    case WalkStep::transpose:
      return tr("transpose");
    case WalkStep::scores:
      return tr("scores");
    case WalkStep::weights:
      return tr("weights");
    case WalkStep::context:
      return tr("context");
    case WalkStep::transposeBack:
      return tr("transpose back");
    case WalkStep::concatenate:
      return tr("concatenate");
    case WalkStep::output:
      break;
  }
  return tr("W_o");
}

QString ShapesModel::shapeAfter(WalkStep step) const {
  const WalkSource& s = *m_source;
  const int heads = s.headsOf(m_followed);
  switch (step) {
    case WalkStep::project:
      return axes({1, s.tokens, heads * s.headDim});
    case WalkStep::view:
      return axes({1, s.tokens, heads, s.headDim});
    case WalkStep::transpose:
      return axes({1, heads, s.tokens, s.headDim});
    case WalkStep::scores:
    case WalkStep::weights:
      return axes({1, s.heads, s.tokens, s.tokens});
    case WalkStep::context:
      return axes({1, s.heads, s.tokens, s.headDim});
    case WalkStep::transposeBack:
      return axes({1, s.tokens, s.heads, s.headDim});
    case WalkStep::concatenate:
      return axes({1, s.tokens, s.heads * s.headDim});
    case WalkStep::output:
      break;
  }
  return axes({1, s.tokens, s.hidden});
}

int ShapesModel::chosenToken() const {
  return std::clamp(m_shown.selection.query.value, 0, m_source->tokens - 1);
}

int ShapesModel::chosenHead(WalkTensor tensor) const {
  const int head = std::clamp(m_shown.selection.head.value, 0, m_source->heads - 1);
  return m_source->headsOf(tensor) == m_source->heads ? head : keyValueHeadOf(head);
}

QString ShapesModel::tensorName(WalkTensor tensor) const {
  switch (tensor) {
    case WalkTensor::x:
      return QStringLiteral("X");
    case WalkTensor::q:
      return QStringLiteral("Q");
    case WalkTensor::k:
      return QStringLiteral("K");
    case WalkTensor::v:
      return QStringLiteral("V");
    case WalkTensor::qUsed:
      return m_source->isRotary ? QStringLiteral("Q′") : QStringLiteral("Q");
    case WalkTensor::kUsed:
      return m_source->isRotary ? QStringLiteral("K′") : QStringLiteral("K");
    case WalkTensor::scores:
      return tr("scores");
    case WalkTensor::weights:
      return tr("weights");
    case WalkTensor::context:
      return tr("context");
    case WalkTensor::output:
      break;
  }
  return tr("output");
}

// Axes

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
          .shape = axes({m_source->tokens, m_source->headsOf(tensor) * m_source->headDim}),
          .ink = inkOf(tensor)};
}

ShapesModel::Grid ShapesModel::wide(WalkTensor tensor) const {
  return {.tensor = tensor,
          .whole = {},
          .rows = tokenAxis(),
          .columns = hiddenAxis(false),
          .name = tensorName(tensor),
          .shape = axes({m_source->tokens, m_source->hidden})};
}

ShapesModel::Grid ShapesModel::ofToken(WalkTensor tensor, int token) const {
  return {.tensor = tensor,
          .whole = {.token = token},
          .rows = headAxis(tensor),
          .columns = elementAxis(),
          .name = m_source->tokenText(token),
          .shape = axes({m_source->headsOf(tensor), m_source->headDim}),
          .ink = inkOf(tensor)};
}

ShapesModel::Grid ShapesModel::ofHead(WalkTensor tensor, int head) const {
  const bool isByKey = tensor == WalkTensor::scores || tensor == WalkTensor::weights;
  Grid grid{.tensor = tensor,
            .whole = {.head = head},
            .rows = tokenAxis(),
            .columns = isByKey ? keyAxis() : elementAxis(),
            .name = tr("%1, head %2").arg(tensorName(tensor)).arg(head),
            .shape = axes({m_source->tokens, isByKey ? m_source->tokens : m_source->headDim}),
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
    grid.shape = axes({m_source->heads * m_source->headDim, m_source->hidden});
  } else {
    grid.rows = hiddenAxis(true);
    grid.columns = flatAxis(m_followed);
    grid.name = matrix == WalkMatrix::q   ? QStringLiteral("W_qᵀ")
                : matrix == WalkMatrix::k ? QStringLiteral("W_kᵀ")
                                          : QStringLiteral("W_vᵀ");
    grid.shape = axes({m_source->hidden, m_source->headsOf(m_followed) * m_source->headDim});
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

std::vector<std::vector<std::pair<QString, ShapesModel::Grid>>> ShapesModel::gridLines() const {
  using Line = std::vector<std::pair<QString, Grid>>;
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
        keys.shape = axes({m_source->headDim, m_source->tokens});
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

// Cells

ShapesModel::Entry ShapesModel::entryAt(const Grid& grid, int row, int column) const {
  Entry at = grid.whole;
  for (const Entry& from :
       {grid.rows[static_cast<std::size_t>(row)], grid.columns[static_cast<std::size_t>(column)]}) {
    if (from.token >= 0) at.token = from.token;
    if (from.head >= 0) at.head = from.head;
    if (from.element >= 0) at.element = from.element;
    if (from.key >= 0) at.key = from.key;
    if (from.input >= 0) at.input = from.input;
    at.isGap |= from.isGap;
  }
  return at;
}

float ShapesModel::valueAt(const Grid& grid, const Entry& at) const {
  if (at.isGap) return std::nanf("");
  const int flat = at.head * m_source->headDim + at.element;
  if (grid.kind == Kind::matrix)
    return grid.matrix == WalkMatrix::o ? m_source->weight(grid.matrix, at.input, flat)
                                        : m_source->weight(grid.matrix, flat, at.input);
  const std::vector<float>& row = m_source->row(grid.tensor, at.token, std::max(0, at.head));
  return row[static_cast<std::size_t>(at.key >= 0 ? at.key : at.element)];
}

QColor ShapesModel::colorOf(const Grid& grid, const Entry& at, const Theme& theme) const {
  if (at.head < 0) return theme.faintText;
  const bool isShared = grid.kind == Kind::matrix
                            ? grid.matrix == WalkMatrix::k || grid.matrix == WalkMatrix::v
                            : inkOf(grid.tensor) == Ink::key || grid.tensor == WalkTensor::v;
  const auto head = static_cast<std::size_t>(at.head);
  return isShared ? m_keyValueHeadColors[head] : m_headColors[head];
}

QString ShapesModel::labelOf(const Entry& at, bool isRow, bool isFlat) const {
  if (at.isGap) return {};
  if (at.token >= 0) return isRow ? m_source->tokenText(at.token) : QString::number(at.token);
  if (at.key >= 0) return QString::number(at.key);
  if (at.input >= 0) return QString::number(at.input);
  if (at.element >= 0)
    return QString::number(isFlat && at.head >= 0 ? at.head * m_source->headDim + at.element : at.element);
  return tr("head %1").arg(at.head);
}

void ShapesModel::markChosen(const Grid& grid, CellGrid& cells) const {
  const bool isFollowed = m_step <= WalkStep::transpose;
  if (grid.kind == Kind::matrix) return;
  if (!isFollowed && (inkOf(grid.tensor) == Ink::key || grid.tensor == WalkTensor::v)) return;
  const int token = chosenToken(), head = chosenHead(grid.tensor);
  for (int r = 0; r < cells.rows; ++r) {
    int first = -1, last = -1;
    for (int c = 0; c < cells.columns; ++c) {
      const Entry at = entryAt(grid, r, c);
      const bool isChosen = at.token == token && (at.head == head || (at.head < 0 && !at.isGap));
      if (!isChosen && !(at.isGap && first >= 0 && last == c - 1 && at.head == head)) continue;
      if (first < 0) first = c;
      last = c;
    }
    if (first >= 0) cells.marks.push_back({QRect(first, r, last - first + 1, 1), GridMark::Kind::accent});
  }
}

CellGrid ShapesModel::cellsOf(const Grid& grid, const Theme& theme) const {
  CellGrid cells;
  cells.name = grid.name;
  cells.shape = grid.shape;
  cells.ink = grid.ink;
  cells.rows = static_cast<int>(grid.rows.size());
  cells.columns = static_cast<int>(grid.columns.size());
  cells.beyond = grid.isCausal ? BeyondDiagonal::masked : BeyondDiagonal::values;
  const bool isFlat = grid.whole.head < 0 && grid.whole.token < 0;
  for (int r = 0; r < cells.rows; ++r) {
    for (int c = 0; c < cells.columns; ++c) {
      const Entry at = entryAt(grid, r, c);
      cells.values.push_back(valueAt(grid, at));
      cells.tints.push_back(at.isGap ? theme.background : colorOf(grid, at, theme));
    }
    const Entry& row = grid.rows[static_cast<std::size_t>(r)];
    cells.rowLabels << labelOf(row, true, isFlat);
    if (row.isGap) cells.gapRows.push_back(r);
  }
  for (int c = 0; c < cells.columns; ++c) {
    const Entry& column = grid.columns[static_cast<std::size_t>(c)];
    cells.columnLabels << labelOf(column, false, isFlat);
    if (column.isGap) cells.gapColumns.push_back(c);
  }
  markChosen(grid, cells);
  return cells;
}

std::optional<std::pair<GridSheet::Spot, GridSheet::Spot>> ShapesModel::chosenWay() const {
  const bool isRearranged = m_step == WalkStep::view || m_step == WalkStep::transpose ||
                            m_step == WalkStep::transposeBack || m_step == WalkStep::concatenate;
  if (!isRearranged || m_grids.size() != 2) return std::nullopt;
  std::array<std::optional<GridSheet::Spot>, 2> ends;
  for (std::size_t line = 0; line < 2; ++line) {
    for (std::size_t item = 0; item < m_grids[line].size(); ++item) {
      const Grid& grid = m_grids[line][item];
      const int rows = static_cast<int>(grid.rows.size()), columns = static_cast<int>(grid.columns.size());
      for (int r = 0; r < rows; ++r) {
        int first = -1, last = -1;
        for (int c = 0; c < columns; ++c) {
          const Entry at = entryAt(grid, r, c);
          if (at.token != chosenToken() || at.head != chosenHead(grid.tensor)) continue;
          if (first < 0) first = c;
          last = c;
        }
        if (first >= 0) ends[line] = GridSheet::Spot{line, item, r, (first + last) / 2};
      }
    }
  }
  if (!ends[0] || !ends[1]) return std::nullopt;
  return std::pair(*ends[0], *ends[1]);
}

std::vector<GridLine> ShapesModel::lines(const WalkRoom& room, const Theme& theme) {
  m_room = room;
  m_isShortened = false;
  m_headColors.clear();
  m_keyValueHeadColors.clear();
  for (int h = 0; h < m_source->heads; ++h)
    m_headColors.push_back(headColor(h, m_source->heads, m_source->keyValueHeads, theme));
  for (int g = 0; g < m_source->keyValueHeads; ++g)
    m_keyValueHeadColors.push_back(keyValueHeadColor(g, m_source->keyValueHeads, theme));
  m_grids.clear();
  std::vector<GridLine> lines;
  // One tensor has one scale, wherever its numbers stand.
  std::map<std::pair<Kind, int>, float> limits;
  const auto keyOf = [](const Grid& grid) {
    return std::pair(
        grid.kind, grid.kind == Kind::matrix ? static_cast<int>(grid.matrix) : static_cast<int>(grid.tensor));
  };
  for (const auto& gridLine : gridLines()) {
    GridLine& line = lines.emplace_back();
    std::vector<Grid>& grids = m_grids.emplace_back();
    for (const auto& [sign, grid] : gridLine) {
      line.push_back({sign, cellsOf(grid, theme)});
      grids.push_back(grid);
      float& limit = limits[keyOf(grid)];
      limit = std::max(limit, largestMagnitude(line.back().grid.cells()));
    }
  }
  for (std::size_t l = 0; l < lines.size(); ++l) {
    for (std::size_t i = 0; i < lines[l].size(); ++i) {
      CellGrid& grid = lines[l][i].grid;
      const float limit = limits[keyOf(m_grids[l][i])];
      grid.scale.hi = limit > 0 ? static_cast<double>(limit) : 1;
      grid.scale.lo = -grid.scale.hi;
    }
  }
  return lines;
}

}  // namespace decodescope
