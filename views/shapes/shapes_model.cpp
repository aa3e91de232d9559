#include "views/shapes/shapes_model.h"

#include "core/attention/variants.h"
#include "views/head_colors.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ShapesView", text);
}

}  // namespace

QString shapeText(std::initializer_list<int> sizes) {
  QStringList texts;
  for (const int n : sizes) texts << QString::number(n);
  return texts.join(QStringLiteral(" × "));
}

void ShapesModel::present(const ShownRun& shown, Numbers numbers, WalkStep step, WalkTensor followed) {
  m_shown = shown;
  m_numbers = numbers;
  m_step = step;
  m_followed = followed;
  m_grids.clear();
  m_sharedEnds.clear();
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
  if (config.attention == AttentionKind::latent)
    return tr("Under multi-head latent attention K and V are no projections of X that are split into heads: "
              "X goes "
              "to latents ĉ of %1 × %2, and kv_b_proj makes of them %1 × %3 × (%4 + %5) for keys and values. "
              "The "
              "Heads view shows both, and the attention view's layout “MLA: rebuilt · absorbed” what "
              "follows. The "
              "walk itself is there on the lecture's example above.")
        .arg(m_shown.tokens)
        .arg(config.kvLoraRank)
        .arg(config.numAttentionHeads)
        .arg(config.qkNopeHeadDim)
        .arg(config.vHeadDim);
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
      return shapeText({1, s.tokens, heads * s.headDim});
    case WalkStep::view:
      return shapeText({1, s.tokens, heads, s.headDim});
    case WalkStep::transpose:
      return shapeText({1, heads, s.tokens, s.headDim});
    case WalkStep::scores:
    case WalkStep::weights:
      return shapeText({1, s.heads, s.tokens, s.tokens});
    case WalkStep::context:
      return shapeText({1, s.heads, s.tokens, s.headDim});
    case WalkStep::transposeBack:
      return shapeText({1, s.tokens, s.heads, s.headDim});
    case WalkStep::concatenate:
      return shapeText({1, s.tokens, s.heads * s.headDim});
    case WalkStep::output:
      break;
  }
  return shapeText({1, s.tokens, s.hidden});
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

int ShapesModel::scaleOf(const Grid& grid) {
  return grid.kind == Kind::matrix ? 100 + static_cast<int>(grid.matrix) : static_cast<int>(grid.tensor);
}

std::map<int, double> ShapesModel::limitsOf(const std::vector<SignedGrids>& lines) const {
  std::map<int, double> limits;
  for (const SignedGrids& line : lines) {
    for (const auto& [sign, grid] : line) {
      double& limit = limits[scaleOf(grid)];
      for (int r = 0; r < static_cast<int>(grid.rows.size()); ++r) {
        for (int c = 0; c < static_cast<int>(grid.columns.size()); ++c) {
          const auto v = static_cast<double>(valueAt(grid, entryAt(grid, r, c)));
          if (std::isfinite(v)) limit = std::max(limit, std::abs(v));
        }
      }
    }
  }
  return limits;
}

/// Of the numbers that are shown where there is much room: the others are among them.
std::vector<double> ShapesModel::scaleEnds() const {
  const WalkRoom room = std::exchange(m_room, {12, 8, 16, 16});
  const bool isShortened = m_isShortened;
  std::vector<double> ends;
  for (const auto& [scale, limit] : limitsOf(gridLines())) ends.push_back(limit);
  m_room = room;
  m_isShortened = isShortened;
  return ends;
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
  const auto shown = gridLines();
  std::map<int, double> limits = limitsOf(shown);
  if (m_sharedEnds.size() == limits.size()) {
    auto end = m_sharedEnds.begin();
    for (auto& [scale, limit] : limits) limit = *end++;
  }
  for (const auto& gridLine : shown) {
    GridLine& line = lines.emplace_back();
    std::vector<Grid>& grids = m_grids.emplace_back();
    for (const auto& [sign, grid] : gridLine) {
      line.push_back({sign, cellsOf(grid, theme)});
      grids.push_back(grid);
    }
  }
  for (std::size_t l = 0; l < lines.size(); ++l) {
    for (std::size_t i = 0; i < lines[l].size(); ++i) {
      CellGrid& grid = lines[l][i].grid;
      const double limit = limits[scaleOf(m_grids[l][i])];
      grid.scale.hi = limit > 0 ? limit : 1;
      grid.scale.lo = -grid.scale.hi;
    }
  }
  return lines;
}

}  // namespace decodescope
