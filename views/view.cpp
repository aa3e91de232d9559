#include "views/view.h"

#include <algorithm>

namespace decodescope {

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

}  // namespace decodescope
