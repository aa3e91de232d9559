#pragma once

#include "views/attention/attention_layout.h"
#include "views/attention/attention_model.h"
#include "views/legend.h"
#include "views/view.h"

#include <QImage>

#include <memory>

namespace decodescope {

/// Scores or weights of one head as a labelled matrix (queries down, keys across), and all heads of its layer
/// as thumbnails.
class AttentionView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  bool zoom(QPointF at, double factor) override;
  bool pan(QPointF delta) override;
  void resetZoom() override { m_window = {}; }
  QString zoomed() const override;
  bool setZoomed(const QString& zoomed) override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override { return m_model.description(); }

  const AttentionModel& model() const { return m_model; }
  const AttentionLayout& layout() const { return m_layout; }

 private:
  /// The square part of the matrix that is shown: whole cells, so that nothing needs clipping.
  struct Window {
    int count = 0;  ///< rows and columns; 0: all
    double row = 0;
    double column = 0;
  };
  struct Shown {
    int firstRow = 0, firstColumn = 0, count = 0;
    double cell = 0;
  };
  Shown shown() const;
  void settle(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintTexts(QPainter& painter, const Theme& theme) const;
  void paintMatrix(QPainter& painter, const Theme& theme);
  void paintCells(QPainter& painter, const Theme& theme) const;
  void paintCellNumbers(QPainter& painter, const Theme& theme) const;
  void paintRowLabels(QPainter& painter, const Theme& theme) const;
  void paintColumnLabels(QPainter& painter, const Theme& theme) const;
  void paintCrossHair(QPainter& painter, const Theme& theme) const;
  void paintColorBar(QPainter& painter, const Theme& theme) const;
  std::vector<LegendItem> legend(const Theme& theme) const;
  void paintHeads(QPainter& painter, const Theme& theme);

  SessionSnapshot m_session;
  Selection m_selection;
  AttentionSettings m_settings;
  AttentionModel m_model;
  AttentionLayout m_layout;
  Window m_window;
  enum class ColumnLabels { flat, upright, numbersOnly };
  ColumnLabels m_columnLabels = ColumnLabels::flat;
  QStringList m_subtitle;

  /// Everything that a kept image depends on.
  struct PictureKey {
    std::uint64_t run;
    int layer, head, tokens, missing;
    AttentionSettings settings;
    double hi, ratio, scale;
    bool dark;
    QRectF area;
    QPoint firstCell;
    int cells;
    friend bool operator==(const PictureKey&, const PictureKey&) = default;
  };
  PictureKey pictureKey(const QRectF& area, double ratio, const Theme& theme, int head, QPoint firstCell,
                        int cells) const;

  std::optional<PictureKey> m_matrixKey;
  QRectF m_matrixArea;
  QImage m_matrixImage;  ///< the matrix without its labels and cross-hair, at device resolution
  std::optional<PictureKey> m_headsKey;
  QImage m_headsImage;  ///< all thumbnails
};

std::unique_ptr<View> makeAttentionView();

}  // namespace decodescope
