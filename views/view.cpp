#include "views/view.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace decodescope {

std::optional<double> NumberRange::parse(const QString& text) const {
  bool isNumber = false;
  const double number = text.toDouble(&isNumber);
  if (!isNumber || !(number >= minimum && number <= maximum)) return std::nullopt;
  const double rounded = minimum + std::round((number - minimum) / step) * step;
  // Sums of decimal steps miss zero by a little.
  return std::abs(rounded) < step * 1e-6 ? 0.0 : std::min(rounded, maximum);
}

QString NumberRange::text(double number) const {
  int digits = 0;
  for (double s = step; digits < 9 && std::abs(s - std::round(s)) > 1e-6; s *= 10) ++digits;
  return QString::number(number, 'f', digits);
}

NumberPlace derivedPlace(const Selection& row, Explanation explanation) {
  NumberPlace place{row};
  place.derived = std::make_shared<const Explanation>(std::move(explanation));
  return place;
}

QString ViewOption::standardValue() const {
  if (number) return number->text(number->standard);
  return choices.empty() ? QString() : choices.front().first;
}

double View::neededHeight(const QSizeF& room, const Theme&) const {
  return room.height();
}

bool View::setOption(const QString&, const QString&) {
  return false;
}

std::optional<Hit> View::hitTest(QPointF) const {
  return std::nullopt;
}

Selection View::moved(const Selection& selection, int dx, int dy) const {
  Selection s = selection;
  s.query = Position{std::max(0, s.query.value + dy)};
  s.key = Position{std::max(0, s.key.value + dx)};
  return s;
}

bool View::zoom(QPointF, double) {
  return false;
}

bool View::pan(QPointF) {
  return false;
}

bool View::setZoomed(const QString& zoomed) {
  return zoomed.isEmpty();
}

}  // namespace decodescope
