#include "views/text_fit.h"

#include <QCoreApplication>
#include <QLocale>
#include <QPainter>
#include <QTextLayout>

#include <algorithm>
#include <cmath>

namespace decodescope {

std::vector<int> thinnedLabels(int first, int count, double pitch, double minDistance,
                               std::span<const int> wanted) {
  std::vector<int> shown;
  if (count <= 0 || !(pitch > 0)) return shown;
  const auto fits = [&](int index) {
    return std::none_of(shown.begin(), shown.end(),
                        [&](int other) { return std::abs(index - other) * pitch < minDistance - 1e-9; });
  };
  for (const int index : wanted) {
    if (index >= first && index < first + count && fits(index)) shown.push_back(index);
  }
  int step = 1;
  for (int i = 0; step * pitch < minDistance - 1e-9; ++i) {
    static constexpr int kRound[] = {1, 2, 5};
    step = kRound[i % 3] * static_cast<int>(std::pow(10, i / 3));
    if (step >= count) break;
  }
  for (int index = (first + step - 1) / step * step; index < first + count; index += step) {
    if (fits(index)) shown.push_back(index);
  }
  std::sort(shown.begin(), shown.end());
  return shown;
}

QString fitted(const QString& text, const TextMetrics& metrics, double width) {
  if (metrics.horizontalAdvance(text) <= width) return text;
  const QString ellipsis(QChar(0x2026));
  if (metrics.horizontalAdvance(ellipsis) > width) return {};
  int low = 0;
  int high = static_cast<int>(text.size());
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (metrics.horizontalAdvance(text.left(middle) + ellipsis) <= width) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  if (low > 0 && text[low - 1].isHighSurrogate()) --low;
  return text.left(low) + ellipsis;
}

QStringList brokenParts(const QStringList& parts, const TextMetrics& metrics, double width, int maxLines) {
  const QString between = QStringLiteral("  ·  ");
  QStringList lines;
  for (const QString& part : parts) {
    if (lines.isEmpty()) {
      lines << part;
      continue;
    }
    const QString longer = lines.last() + between + part;
    if (lines.size() >= maxLines || metrics.horizontalAdvance(longer) <= width) {
      lines.last() = longer;
    } else {
      lines << part;
    }
  }
  for (QString& line : lines) line = fitted(line, metrics, width);
  return lines;
}

double drawFitted(QPainter& painter, const QRectF& rect, Qt::Alignment alignment, const QString& text) {
  const TextMetrics metrics(painter.font(), painter.device());
  const QString shown = fitted(text, metrics, rect.width());
  if (shown.isEmpty()) return 0;
  const double width = metrics.horizontalAdvance(shown);
  double x = rect.left();
  if (alignment & Qt::AlignRight) x = rect.right() - width;
  if (alignment & Qt::AlignHCenter) x = rect.center().x() - width / 2;
  double y = rect.top() + metrics.ascent();
  if (alignment & Qt::AlignVCenter) y = rect.center().y() + (metrics.ascent() - metrics.descent()) / 2;
  if (alignment & Qt::AlignBottom) y = rect.bottom() - metrics.descent();
  drawRemembered(painter, QPointF(x, y), shown);
  return width;
}

void drawUpwards(QPainter& painter, QPointF bottomCentre, double length, const QString& text) {
  const TextMetrics metrics(painter.font(), painter.device());
  const QString shown = fitted(text, metrics, length);
  if (shown.isEmpty()) return;
  painter.save();
  painter.translate(bottomCentre);
  painter.rotate(-90);
  drawRemembered(painter, QPointF(0, (metrics.ascent() - metrics.descent()) / 2), shown);
  painter.restore();
}

void drawMessage(QPainter& painter, const QRectF& area, const Theme& theme, const QString& title,
                 const QString& text) {
  const double width = std::min(area.width() - theme.px(16), theme.px(420));
  if (width <= 0) return;
  struct Line {
    QString text;
    QFont font;
    QColor color;
    double height;
    double ascent;
  };
  std::vector<Line> lines;
  const auto wrap = [&](const QString& words, const QFont& font, const QColor& color) {
    const TextMetrics metrics(font, painter.device());
    QString line;
    for (const QString& word : words.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
      const QString longer = line.isEmpty() ? word : line + QLatin1Char(' ') + word;
      if (!line.isEmpty() && metrics.horizontalAdvance(longer) > width) {
        lines.push_back({line, font, color, metrics.height() * 1.15, metrics.ascent()});
        line = word;
      } else {
        line = longer;
      }
    }
    if (!line.isEmpty()) lines.push_back({line, font, color, metrics.height() * 1.15, metrics.ascent()});
  };
  wrap(title, theme.sized(15, QFont::DemiBold), theme.text);
  const std::size_t titleLines = lines.size();
  wrap(text, theme.sized(12.5), theme.faintText);
  const double gap = theme.px(6);
  double height = gap;
  for (const Line& line : lines) height += line.height;
  double y = area.top() + std::max(theme.px(4), (area.height() - height) / 2);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    if (i == titleLines) y += gap;
    if (i > 0 && y + line.height > area.bottom()) break;
    painter.setFont(line.font);
    painter.setPen(line.color);
    drawFitted(painter, QRectF(area.center().x() - width / 2, y, width, line.height), Qt::AlignHCenter,
               line.text);
    y += line.height;
  }
}

QString groupedNumber(std::uint64_t value) {
  return QLocale().toString(static_cast<qulonglong>(value));
}

QString byteText(std::uint64_t bytes) {
  if (bytes < 1000) return QStringLiteral("%1 B").arg(bytes);
  double value = static_cast<double>(bytes);
  int unit = 0;
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  while (value >= 999.95 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  return QStringLiteral("%1 %2").arg(QLocale().toString(value, 'f', value < 10 ? 2 : 1),
                                     QLatin1String(kUnits[unit]));
}

QString shortNumber(double value) {
  const double size = std::abs(value);
  if (size == 0) return QStringLiteral("0");
  if (size < 1e-3 || size >= 1e5) return QString::number(value, 'e', 1);
  return QString::number(value, 'f', size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

}  // namespace decodescope
