#pragma once

#include "views/attention/attention_model.h"
#include "views/attention/matrix_painter.h"
#include "views/attention/matrix_window.h"
#include "views/legend.h"
#include "views/picture_frame.h"
#include "views/view.h"

#include <QPointF>
#include <QRectF>

#include <optional>
#include <vector>

namespace decodescope {

/// One arrangement of the attention view: paints the shared model through the shared window, and knows what
/// it put where. Asked only when something is decoded.
class AttentionPage {
 public:
  virtual ~AttentionPage() = default;

  virtual void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
                     const MatrixWindow& window) = 0;
  virtual std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                                     const MatrixWindow& window) const = 0;
  /// The (T, T) matrix under a point, to be zoomed; null where there is none.
  virtual QRectF matrixAt(QPointF point) const;
  /// The side of the matrices painted last, 0 where there are none, and their rows.
  virtual double side() const { return 0; }
  virtual int cells(const AttentionModel& model) const { return model.tokens(); }
  virtual std::vector<NamedTable> tables(const AttentionModel& model) const = 0;
  virtual QString description(const AttentionModel& model) const = 0;
};

/// Everything a kept picture of a matrix or of thumbnails depends on, besides its place.
struct AttentionPictureKey {
  std::uint64_t run = 0;
  const void* firstTrace = nullptr;  ///< rows of an unmasked run change with every step
  int layer = 0, head = 0, tokens = 0, missing = 0;
  AttentionSettings settings;
  AttentionStage stage = AttentionStage::weights;
  double high = 0, scale = 1;
  bool dark = false;
  MatrixWindow::Shown shown;
  friend bool operator==(const AttentionPictureKey&, const AttentionPictureKey&) = default;
};
AttentionPictureKey pictureKey(const AttentionModel& model, const Theme& theme, AttentionStage stage,
                               const MatrixWindow::Shown& shown, double high);

/// The selected head's matrix of a stage, ready to be drawn.
MatrixNumbers matrixNumbers(const AttentionModel& model, AttentionStage stage, const ColorScale& scale);
MatrixAxes matrixAxes(const AttentionModel& model);

/// New and recomputed rows, masked and veiled cells, what is left out.
std::vector<LegendItem> attentionLegend(const AttentionModel& model, const Theme& theme, bool ghosts);
/// "each dot shows the largest weight of 4 × 4 cells", where a matrix has less dots than cells; else none.
std::optional<LegendItem> poolingNote(int count, double side, double ratio, const QString& what);

/// The cell of a matrix under a point.
Hit cellHit(const AttentionModel& model, AttentionStage stage, int query, int key);
/// A thumbnail of a head.
Hit headHit(const AttentionModel& model, LayerIndex layer, HeadIndex head);

}  // namespace decodescope
