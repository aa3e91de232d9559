#include "views/attention/matrix_window.h"

#include <QStringList>

#include <algorithm>
#include <cmath>

namespace decodescope {

int MatrixWindow::Shown::index(double offset) const {
  return std::clamp(static_cast<int>(offset / cell), 0, count - 1);
}

MatrixWindow::Shown MatrixWindow::shown(int tokens, double width) const {
  tokens = std::max(1, tokens);
  Shown s;
  s.count = m_count > 0 ? std::min(m_count, tokens) : tokens;
  s.firstRow = std::clamp(static_cast<int>(std::lround(m_row)), 0, tokens - s.count);
  s.firstColumn = std::clamp(static_cast<int>(std::lround(m_column)), 0, tokens - s.count);
  s.cell = width / s.count;
  return s;
}

bool MatrixWindow::zoom(const QRectF& matrix, QPointF at, double factor, int tokens) {
  if (!(factor > 0) || matrix.isEmpty()) return false;
  const Shown s = shown(tokens, matrix.width());
  int count = static_cast<int>(std::lround(s.count / factor));
  if (count == s.count) count += factor > 1 ? -1 : 1;
  count = std::clamp(count, std::min(3, tokens), tokens);
  if (count == s.count) return false;
  const double fx = (at.x() - matrix.left()) / matrix.width();
  const double fy = (at.y() - matrix.top()) / matrix.height();
  m_column = std::clamp(m_column + fx * (s.count - count), 0.0, static_cast<double>(tokens - count));
  m_row = std::clamp(m_row + fy * (s.count - count), 0.0, static_cast<double>(tokens - count));
  m_count = count == tokens ? 0 : count;
  return true;
}

bool MatrixWindow::pan(QPointF delta, double width, int tokens) {
  if (m_count == 0) return false;
  const Shown s = shown(tokens, width);
  const double last = tokens - s.count, row = m_row, column = m_column;
  m_column = std::clamp(m_column - delta.x() / s.cell, 0.0, last);
  m_row = std::clamp(m_row - delta.y() / s.cell, 0.0, last);
  return row != m_row || column != m_column;
}

QString MatrixWindow::text() const {
  if (m_count == 0) return {};
  return QStringLiteral("%1,%2,%3").arg(m_column, 0, 'g', 17).arg(m_row, 0, 'g', 17).arg(m_count);
}

bool MatrixWindow::setText(const QString& text) {
  MatrixWindow window;
  if (!text.isEmpty()) {
    const QStringList parts = text.split(QLatin1Char(','));
    if (parts.size() != 3) return false;
    bool ok[3]{};
    window.m_column = parts[0].toDouble(&ok[0]);
    window.m_row = parts[1].toDouble(&ok[1]);
    window.m_count = parts[2].toInt(&ok[2]);
    const auto inside = [](double v) { return v >= 0 && v <= 1e9; };
    if (!ok[0] || !ok[1] || !ok[2] || !inside(window.m_column) || !inside(window.m_row) || window.m_count < 1)
      return false;
  }
  *this = window;
  return true;
}

}  // namespace decodescope
