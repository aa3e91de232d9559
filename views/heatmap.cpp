#include "views/heatmap.h"

#include <QPaintEngine>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

constexpr int kNoValue = 0;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

uchar indexOf(const ColorScale& scale, float value, float rowMax) {
  if (!std::isfinite(value)) return kNoValue;
  return static_cast<uchar>(
      std::max(1, scale.level(static_cast<double>(value), static_cast<double>(rowMax))));
}

/// Levels of a linear scale without a function call a cell: what most pictures are.
struct LinearLevels {
  float lo, hi, unit;

  explicit LinearLevels(const ColorScale& scale)
      : lo(static_cast<float>(scale.lo)),
        hi(static_cast<float>(scale.hi)),
        unit(static_cast<float>(255 / (scale.hi - scale.lo))) {}
  static bool serves(const ColorScale& scale) {
    return scale.kind == ColorScale::Kind::linear && scale.hi > scale.lo;
  }
  /// NaN and ±∞ become kNoValue. Both comparisons are false for NaN, so this needs no branch.
  uchar operator()(float v) const {
    const float inside = v < lo ? lo : v > hi ? hi : v;
    const float level = std::max(1.0f, (inside - lo) * unit + 0.5f);
    return std::abs(v) <= std::numeric_limits<float>::max() ? static_cast<uchar>(level) : uchar{kNoValue};
  }
};

void fillDirectly(const HeatmapRows& matrix, const ColorScale& scale, QImage& image) {
  const bool linear = LinearLevels::serves(scale);
  const LinearLevels levels(scale);
  for (int y = 0; y < image.height(); ++y) {
    uchar* line = image.scanLine(y);
    const auto r = static_cast<std::size_t>(y);
    const std::span<const float> row = matrix.rows[r];
    const int first = std::clamp(matrix.leftOut - matrix.firstColumn, 0, image.width());
    const int end = std::clamp(static_cast<int>(row.size()) - matrix.firstColumn, first, image.width());
    std::fill_n(line, first, uchar{kNoValue});
    const float* values = end > first ? row.data() + matrix.firstColumn : nullptr;
    if (linear) {
      for (int x = first; x < end; ++x) line[x] = levels(values[x]);
    } else {
      for (int x = first; x < end; ++x) line[x] = indexOf(scale, values[x], matrix.rowMax[r]);
    }
    std::fill_n(line + end, image.width() - end, uchar{kNoValue});
  }
}

void fillPooled(const HeatmapRows& matrix, const ColorScale& scale, QImage& image) {
  const auto rows = static_cast<int>(matrix.rows.size());
  std::vector<float> strongest(static_cast<std::size_t>(image.width()));
  // Which dot a column falls on.
  std::vector<int> dotOf(static_cast<std::size_t>(matrix.columns));
  for (int c = 0; c < matrix.columns; ++c)
    dotOf[static_cast<std::size_t>(c)] =
        static_cast<int>(static_cast<long long>(c) * image.width() / matrix.columns);
  const bool perRow = scale.kind == ColorScale::Kind::perRow;
  for (int y = 0; y < image.height(); ++y) {
    std::fill(strongest.begin(), strongest.end(), kNaN);
    const int lastRow = std::max((y + 1) * rows / image.height(), y * rows / image.height() + 1);
    for (int row = y * rows / image.height(); row < lastRow; ++row) {
      const auto r = static_cast<std::size_t>(row);
      const float unit = perRow && matrix.rowMax[r] > 0 ? 1 / matrix.rowMax[r] : 1;
      const std::span<const float> values = matrix.rows[r];
      const int end = std::min(matrix.firstColumn + matrix.columns, static_cast<int>(values.size()));
      for (int c = std::max(matrix.firstColumn, matrix.leftOut); c < end; ++c) {
        const float v = values[static_cast<std::size_t>(c)] * unit;
        float& dot =
            strongest[static_cast<std::size_t>(dotOf[static_cast<std::size_t>(c - matrix.firstColumn)])];
        if (std::isnan(dot) || std::abs(v) > std::abs(dot)) dot = v;
      }
    }
    uchar* line = image.scanLine(y);
    for (int x = 0; x < image.width(); ++x)
      line[x] = indexOf(scale, strongest[static_cast<std::size_t>(x)], 1);
  }
}

}  // namespace

QImage heatmapImage(const HeatmapRows& matrix, const ColorScale& scale, const QList<QRgb>& colors,
                    int maxWidth, int maxHeight) {
  const auto rows = static_cast<int>(matrix.rows.size());
  if (rows == 0 || matrix.columns <= 0 || maxWidth <= 0 || maxHeight <= 0) return {};
  QImage image(std::min(matrix.columns, maxWidth), std::min(rows, maxHeight), QImage::Format_Indexed8);
  QList<QRgb> table = colors;
  table[kNoValue] = qRgba(0, 0, 0, 0);
  image.setColorTable(table);
  if (image.width() == matrix.columns && image.height() == rows) {
    fillDirectly(matrix, scale, image);
  } else {
    fillPooled(matrix, scale, image);
  }
  return image;
}

void drawCells(QPainter& painter, const QRectF& target, const QImage& image) {
  if (image.isNull()) return;
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
  if (!isVectorDevice(painter)) {
    // Qt enlarges images of the screen's own kind by a loop, others by threads that it has to wait for.
    painter.drawImage(target, image.convertToFormat(QImage::Format_ARGB32_Premultiplied));
    return;
  }
  // Viewers of SVG and PDF smooth an enlarged image; large cells keep their edges.
  const int factor = std::clamp(1600 / std::max(image.width(), image.height()), 1, 24);
  painter.drawImage(target, image.convertToFormat(QImage::Format_ARGB32)
                                .scaled(image.width() * factor, image.height() * factor,
                                        Qt::IgnoreAspectRatio, Qt::FastTransformation));
}

void fillTranslucent(QPainter& painter, const QRectF& area, const QColor& color) {
  if (isVectorDevice(painter)) return painter.fillRect(area, color);
  QImage pixels(2, 2, QImage::Format_ARGB32_Premultiplied);  // a single one would be a fill again
  pixels.fill(color);
  painter.drawImage(area, pixels);
}

void drawMasked(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.fillRect(area, theme.maskedCell);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setPen(QPen(theme.maskedLine, theme.px(1)));
  // Lines x − y = k, cut at the rectangle by arithmetic: SVG has no clipping here.
  const double pitch = theme.px(7);
  for (double k = -area.height() + pitch; k < area.width(); k += pitch) {
    const double from = std::max(0.0, -k), to = std::min(area.height(), area.width() - k);
    if (to > from) {
      painter.drawLine(QPointF(area.left() + k + from, area.top() + from),
                       QPointF(area.left() + k + to, area.top() + to));
    }
  }
  painter.restore();
}

double pixelRatio(const QPainter& painter) {
  return std::max(1e-6, painter.combinedTransform().m11());
}

double wholePixels(const QPainter& painter, double length) {
  const double ratio = pixelRatio(painter);
  return std::max(1.0, std::floor(length * ratio + 1e-6)) / ratio;
}

double onPixel(const QPainter& painter, double coordinate) {
  const double ratio = pixelRatio(painter);
  return std::round(coordinate * ratio) / ratio;
}

bool isVectorDevice(const QPainter& painter) {
  const QPaintEngine* engine = painter.paintEngine();
  if (!engine) return false;
  const auto type = engine->type();
  return type == QPaintEngine::SVG || type == QPaintEngine::Pdf || type == QPaintEngine::Picture ||
         type == QPaintEngine::MacPrinter;
}

}  // namespace decodescope
