#pragma once

#include "views/probabilities/linear_model.h"
#include "views/theme.h"

#include <QRectF>

#include <optional>

class QPainter;

namespace decodescope {

/// x above W, its outputs to the right, and below one neuron's row, products and sum: columns stand for the
/// same input all the way down.
class LinearPicture {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const LinearModel& model);
  struct Spot {
    int neuron = 0;
    int input = -1;  ///< −1: the output itself
  };
  std::optional<Spot> at(QPointF point) const;

 private:
  QRectF m_matrix, m_outputs;
  int m_firstRow = 0, m_rows = 0, m_inputs = 0;
};

}  // namespace decodescope
