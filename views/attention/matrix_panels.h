#pragma once

#include "views/attention/attention_page.h"
#include "views/kept_image.h"

#include <array>
#include <functional>
#include <optional>
#include <vector>

namespace decodescope {

/// Labelled (T, T) matrices beside each other that share window, row labels and the outlined cell.
class MatrixPanels {
 public:
  struct Panel {
    QStringList titles;                      ///< the first that fits
    std::function<MatrixNumbers()> numbers;  ///< asked for when the picture has to be made anew
    ColorScale scale;
    AttentionPictureKey key;
    QString value;  ///< the outlined cell, below the matrix
  };
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const MatrixWindow& window,
             const MatrixAxes& axes, const std::vector<Panel>& panels);
  struct Spot {
    std::size_t panel;
    int query, key;
  };
  std::optional<Spot> at(QPointF point, const MatrixWindow& window, int tokens) const;
  QRectF matrixAt(QPointF point) const;
  double side() const { return m_frames.empty() ? 0 : m_frames.front().matrix.width(); }
  /// Where the last picture ended.
  double bottom() const { return m_values.empty() ? 0 : m_values.back().bottom(); }

 private:
  void place(QPainter& painter, const QRectF& area, const Theme& theme, const MatrixWindow& window,
             const MatrixAxes& axes, std::size_t count);

  std::vector<MatrixFrame> m_frames;
  std::vector<QRectF> m_titles, m_values;
  std::array<KeptImage<AttentionPictureKey>, 4> m_kept;
};

}  // namespace decodescope
