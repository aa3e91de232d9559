#include "views/shapes/shapes_model.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ShapesView", text);
}

QString numberText(double value) {
  return std::isnan(value) ? tr("not stored") : shortNumber(value).replace(QLatin1Char('-'), QChar(0x2212));
}

}  // namespace

QString ShapesModel::title() const {
  const QString step =
      tr("step %1 of %2: %3").arg(static_cast<int>(m_step) + 1).arg(kWalkSteps).arg(stepName(m_step));
  return m_source->isRun ? tr("Shapes in layer %1, %2").arg(m_shown.selection.layer.value).arg(step)
                         : tr("Shapes in the lecture's example, %1").arg(step);
}

QStringList ShapesModel::facts() const {
  const WalkSource& s = *m_source;
  const QString name = tensorName(m_followed).toLower();
  const int heads = s.headsOf(m_followed);
  const QString from = shapeAfter(static_cast<WalkStep>(std::max(0, static_cast<int>(m_step) - 1)));
  const QString change = QStringLiteral("%1 → %2").arg(from, shapeAfter(m_step));
  const auto perHead = [&](const QString& first, const QString& second, const QString& result) {
    return tr("each head: %1 · %2 = %3").arg(first, second, result);
  };
  const QString rows = QStringLiteral("%1 × %2").arg(s.tokens).arg(s.headDim);
  const QString square = QStringLiteral("%1 × %1").arg(s.tokens);
  switch (m_step) {
    case WalkStep::project:
      return {tr("(1 × %1 × %2) · (%2 × %3) → %4")
                  .arg(s.tokens)
                  .arg(s.hidden)
                  .arg(heads * s.headDim)
                  .arg(shapeAfter(m_step)),
              tr("%1 = %2_proj(x)").arg(name, name)};
    case WalkStep::view:
      return {
          change,
          QStringLiteral("%1 = %1.view(1, %2, %3, %4)").arg(name).arg(s.tokens).arg(heads).arg(s.headDim)};
    case WalkStep::transpose:
      return {change, QStringLiteral("%1 = %1.transpose(1, 2)").arg(name)};
    case WalkStep::scores:
      return {perHead(rows, QStringLiteral("%1 × %2").arg(s.headDim).arg(s.tokens), square),
              QStringLiteral("scores = q @ k.transpose(2, 3)")};
    case WalkStep::weights:
      return {tr("the shape stays %1").arg(shapeAfter(m_step)),
              QStringLiteral("weights = softmax(mask(scores / √%1))").arg(s.headDim)};
    case WalkStep::context:
      return {perHead(square, rows, rows), QStringLiteral("context = weights @ v")};
    case WalkStep::transposeBack:
      return {change, QStringLiteral("context = context.transpose(1, 2)")};
    case WalkStep::concatenate:
      return {change, QStringLiteral("context = context.contiguous().view(1, %1, %2)")
                          .arg(s.tokens)
                          .arg(s.heads * s.headDim)};
    case WalkStep::output:
      break;
  }
  return {tr("(1 × %1 × %2) · (%2 × %3) → %4")
              .arg(s.tokens)
              .arg(s.heads * s.headDim)
              .arg(s.hidden)
              .arg(shapeAfter(m_step)),
          QStringLiteral("output = o_proj(context)")};
}

QString ShapesModel::note() const {
  return m_source->isRun
             ? QString()
             : tr("Worked example: numbers drawn with seed 1, worked through by the decoder's own "
                  "kernels; not from the run.");
}

QString ShapesModel::shortReadout() const {
  switch (m_step) {
    case WalkStep::project:
      return tr("A colour for each head's block of columns.");
    case WalkStep::view:
      return tr("A token's row becomes one row a head.");
    case WalkStep::transpose:
      return tr("Grouped by head instead of by token.");
    case WalkStep::scores:
      return tr("Each head compares its own rows.");
    case WalkStep::weights:
      return tr("Each row sums to 1; later keys get nothing.");
    case WalkStep::context:
      return tr("Each row mixes the value rows.");
    case WalkStep::transposeBack:
      return tr("Grouped by token again.");
    case WalkStep::concatenate:
      return tr("The heads' rows stand beside each other.");
    case WalkStep::output:
      break;
  }
  return tr("W_o mixes what the heads found.");
}

QString ShapesModel::readout() const {
  const WalkSource& s = *m_source;
  const int d = s.headDim, head = chosenHead(m_followed);
  const bool isShared = s.keyValueHeads < s.heads;
  switch (m_step) {
    case WalkStep::project: {
      const bool hasBias = m_source->bias(m_followed == WalkTensor::k   ? WalkMatrix::k
                                          : m_followed == WalkTensor::v ? WalkMatrix::v
                                                                        : WalkMatrix::q,
                                          0) != 0;
      return tr("Columns %1 to %2 of %3 are head %4's block. A colour for each head%5.")
          .arg(QString::number(head * d), QString::number(head * d + d - 1), tensorName(m_followed),
               QString::number(head), hasBias ? tr("; a bias is added, not shown") : QString());
    }
    case WalkStep::view:
      return tr("Each token's row of %1 numbers becomes %2 rows of %3, one a head. Nothing moves in memory: "
                "it is only counted otherwise.")
          .arg(s.headsOf(m_followed) * d)
          .arg(s.headsOf(m_followed))
          .arg(d);
    case WalkStep::transpose:
      return tr(
          "[token, head] becomes [head, token]: grouped by head, so that each head's rows make one matrix.");
    case WalkStep::scores: {
      QString text = tr("Each head compares its own queries with its keys.");
      if (isShared)
        text += QLatin1Char(' ') + tr("%1 query heads read each key head.").arg(s.heads / s.keyValueHeads);
      if (s.isRotary)
        text += QLatin1Char(' ') +
                tr("Q′ and K′: after RoPE, which turns pairs inside a row and moves nothing else.");
      return text;
    }
    case WalkStep::weights:
      return tr("Divided by √%1, not by √%2; later keys hidden; each row then sums to 1.")
          .arg(d)
          .arg(s.heads * d);
    case WalkStep::context:
      return tr("Each context row is the value rows, each times its weight, added up.") +
             (isShared ? QLatin1Char(' ') + tr("Heads that share values still have weights of their own.")
                       : QString());
    case WalkStep::transposeBack:
      return tr("[head, token] becomes [token, head]: what all heads found for one token comes together.");
    case WalkStep::concatenate:
      return tr("A token's %1 rows of %2 stand beside each other: %3 numbers again, in the heads' order.")
          .arg(s.heads)
          .arg(d)
          .arg(s.heads * d);
    case WalkStep::output:
      break;
  }
  return tr("Every output number reads all %1: W_o mixes what the heads found.").arg(s.heads * d);
}

QString ShapesModel::toolTip(const GridSheet::Spot& spot) const {
  const Grid& grid = m_grids[spot.line][spot.item];
  const Entry at = entryAt(grid, spot.row, spot.column);
  if (at.isGap) return tr("left out here: there is no room for all numbers");
  const WalkSource& s = *m_source;
  const QString value = numberText(static_cast<double>(valueAt(grid, at)));
  const QString name = grid.kind == Kind::matrix ? grid.name : tensorName(grid.tensor);
  if (grid.kind == Kind::matrix)
    return tr("%1: %2\nhead %3, element %4; row or column %5 of the model's width")
        .arg(name, value)
        .arg(at.head)
        .arg(at.element)
        .arg(at.input);
  if (at.key >= 0 && grid.isCausal && at.key > at.token)
    return tr("%1, head %2: masked\nkey %3 comes after query %4")
        .arg(name)
        .arg(at.head)
        .arg(at.key)
        .arg(at.token);
  if (at.key >= 0)
    return tr("%1[0, %2, %3, %4] = %5\nhead %2, query %6, key %7")
        .arg(name)
        .arg(at.head)
        .arg(at.token)
        .arg(at.key)
        .arg(value, s.tokenText(at.token), s.tokenText(at.key));
  if (at.head < 0)
    return tr("%1[0, %2, %3] = %4\n%5")
        .arg(name)
        .arg(at.token)
        .arg(at.element)
        .arg(value, s.tokenText(at.token));
  const int heads = s.headsOf(grid.tensor), d = s.headDim;
  return tr("%1 of %2, head %3, element %4 = %5\nby token [0, %6, %3, %4] · by head [0, %3, %6, %4]\n"
            "in one row [0, %6, %7]: %3 · %8 + %4 = %7, the place %6 · %9 + %7 in memory")
      .arg(name, s.tokenText(at.token), QString::number(at.head), QString::number(at.element), value,
           QString::number(at.token), QString::number(at.head * d + at.element), QString::number(d),
           QString::number(heads * d));
}

std::optional<Selection> ShapesModel::selected(const GridSheet::Spot& spot) const {
  const Grid& grid = m_grids[spot.line][spot.item];
  const Entry at = entryAt(grid, spot.row, spot.column);
  if (!m_source->isRun || grid.kind == Kind::matrix || at.isGap) return std::nullopt;
  Selection s = m_shown.selection;
  if (at.key >= 0) s.key = Position{at.key};
  const bool isOperand =
      m_step > WalkStep::transpose && (grid.tensor == WalkTensor::kUsed || grid.tensor == WalkTensor::v);
  if (isOperand && at.token >= 0) {
    s.key = Position{at.token};
    return s;
  }
  if (at.token >= 0) s.query = Position{at.token};
  if (at.head < 0) return s;
  const int each = m_source->heads / m_source->headsOf(grid.tensor);
  if (s.head.value / each != at.head) s.head = HeadIndex{at.head * each};
  return s;
}

NamedTable ShapesModel::table(const QString& name, WalkTensor tensor, bool isByHead, bool isFlat) const {
  const WalkSource& s = *m_source;
  const int heads = s.headsOf(tensor);
  const int width = static_cast<int>(s.row(tensor, 0, 0).size());
  NamedTable table;
  table.name = name;
  const auto label = [&](int token, int head) {
    return heads == 1 && isFlat ? QStringLiteral("token %1").arg(token)
                                : QStringLiteral("token %1 head %2").arg(token).arg(head);
  };
  const auto append = [&](int token, int head) {
    const std::vector<float>& row = s.row(tensor, token, head);
    table.values.insert(table.values.end(), row.begin(), row.end());
  };
  const int columns = isFlat ? width * heads : width;
  for (int c = 0; c < columns; ++c) table.columns << QString::number(c);
  for (int outer = 0; outer < (isByHead ? heads : s.tokens); ++outer) {
    for (int inner = 0; inner < (isByHead ? s.tokens : heads); ++inner) {
      const int token = isByHead ? inner : outer, head = isByHead ? outer : inner;
      append(token, head);
      if (!isFlat) table.rowLabels << label(token, head);
    }
    if (isFlat) table.rowLabels << QStringLiteral("token %1").arg(outer);
  }
  if (isFlat) {
    table.shape = {1, s.tokens, columns};
  } else if (isByHead) {
    table.shape = {1, heads, s.tokens, width};
  } else {
    table.shape = {1, s.tokens, heads, width};
  }
  return table;
}

std::vector<NamedTable> ShapesModel::tables() const {
  if (!m_source) return {};
  const QString followed = tensorName(m_followed).toLower();
  const auto flat = [&](const char* name, WalkTensor tensor) {
    return table(QLatin1String(name), tensor, false, true);
  };
  const auto byToken = [&](const QString& name, WalkTensor tensor) {
    return table(name, tensor, false, false);
  };
  const auto byHead = [&](const QString& name, WalkTensor tensor) {
    return table(name, tensor, true, false);
  };
  const QString context = QStringLiteral("context");
  switch (m_step) {
    case WalkStep::project:
      return {flat("x", WalkTensor::x), table(followed, m_followed, false, true)};
    case WalkStep::view:
      return {table(followed, m_followed, false, true),
              byToken(followed + QStringLiteral(".view"), m_followed)};
    case WalkStep::transpose:
      return {byToken(followed + QStringLiteral(".view"), m_followed),
              byHead(followed + QStringLiteral(".transpose"), m_followed)};
    case WalkStep::scores:
      return {byHead(QStringLiteral("q"), WalkTensor::qUsed), byHead(QStringLiteral("k"), WalkTensor::kUsed),
              byHead(QStringLiteral("scores"), WalkTensor::scores)};
    case WalkStep::weights:
      return {byHead(QStringLiteral("scores"), WalkTensor::scores),
              byHead(QStringLiteral("weights"), WalkTensor::weights)};
    case WalkStep::context:
      return {byHead(QStringLiteral("weights"), WalkTensor::weights),
              byHead(QStringLiteral("v"), WalkTensor::v), byHead(context, WalkTensor::context)};
    case WalkStep::transposeBack:
      return {byHead(context, WalkTensor::context),
              byToken(context + QStringLiteral(".transpose"), WalkTensor::context)};
    case WalkStep::concatenate:
      return {byToken(context + QStringLiteral(".transpose"), WalkTensor::context),
              flat("context.concatenated", WalkTensor::context)};
    case WalkStep::output:
      break;
  }
  return {flat("context.concatenated", WalkTensor::context), flat("output", WalkTensor::output)};
}

}  // namespace decodescope
