#pragma once

#include <QRectF>

namespace decodescope {

/// Cuts a strip of this height off the upper edge of what is left, and a gap below it.
inline QRectF takeTop(QRectF& rest, double height, double gap) {
  const QRectF taken(rest.left(), rest.top(), rest.width(), height);
  rest.setTop(rest.top() + height + gap);
  return taken;
}

/// The same off the lower edge, the gap above it.
inline QRectF takeBottom(QRectF& rest, double height, double gap) {
  const QRectF taken(rest.left(), rest.bottom() - height, rest.width(), height);
  rest.setBottom(rest.bottom() - height - gap);
  return taken;
}

}  // namespace decodescope
