#pragma once

#include "views/theme.h"

#include <QColor>
#include <QList>
#include <QRgb>
#include <QString>

#include <cstdint>

namespace decodescope {

enum class Colormap {
  viridis,
  cividis,
  diverging,  ///< negative blue, zero the neutral of the theme, positive red
};

/// "viridis", "cividis", "diverging".
QString colormapName(Colormap map);

/// 256 opaque colours, from the lowest level to the highest. Lightness is monotone (diverging: on either side
/// of its middle).
QList<QRgb> colormapTable(Colormap map, bool dark);

/// 256 colours from `low` to `high`, evenly.
QList<QRgb> tintTable(const QColor& low, const QColor& high);

/// How values become levels 0 … 255 of a colour map.
struct ColorScale {
  enum class Kind {
    linear,       ///< lo … hi
    logarithmic,  ///< for 0 < lo < hi: log v; for lo < 0: sign(v)·log(1 + |v|), symmetric
    perRow,       ///< 0 … the row's own largest value; signed: ± the row's largest magnitude
  };
  Kind kind = Kind::linear;
  Colormap map = Colormap::viridis;
  double lo = 0;  ///< for signed values −hi
  double hi = 1;

  bool isSigned() const { return lo < 0; }
  /// 0 … 1 of the colour map. `rowMax` is the row's largest magnitude, used by perRow. v must be finite.
  double position(double v, double rowMax) const;
  /// position() as a level 0 … 255.
  int level(double v, double rowMax) const;
};

}  // namespace decodescope
