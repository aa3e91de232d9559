#pragma once

#include "views/kv_cache/kv_cache_layout.h"
#include "views/kv_cache/kv_cache_model.h"
#include "views/legend.h"
#include "views/plot.h"
#include "views/view.h"

#include <QImage>

#include <memory>

namespace decodescope {

/// The K and V rows of every layer and key/value head as blocks that grow to the right, a column a position;
/// what the step read, computed anew and computed again; the bytes held, with their formula, and their
/// growth.
class KvCacheView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  Selection moved(const Selection& selection, int dx, int dy) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override { return m_model.description(); }

  const KvCacheModel& model() const { return m_model; }
  const KvCacheLayout& layout() const { return m_layout; }

 private:
  void settle(QPainter& painter, const QRectF& area, const Theme& theme);
  double columnWidth() const;
  void paintBlocks(QPainter& painter, const Theme& theme);
  void fillBlocks(QPainter& painter, const Theme& theme) const;
  void paintSelection(QPainter& painter, const Theme& theme) const;
  void paintLabels(QPainter& painter, const Theme& theme) const;
  std::vector<LegendItem> legend(const Theme& theme) const;
  void paintPanel(QPainter& painter, const Theme& theme);
  void paintCurves(QPainter& painter, const QRectF& bytesArea, const QRectF& rowsArea, const Theme& theme);

  KvCacheModel m_model;
  KvCacheLayout m_layout;
  QStringList m_subtitle;
  bool m_norms = false;
  bool m_curves = true;
  Plot m_bytesPlot;
  Plot m_rowsPlot;

  /// What the kept image of blocks depends on; compared whole.
  struct PictureKey {
    std::uint64_t run;
    int step, missing;
    bool norms, dark;
    double ratio, scale;
    float keyMax, valueMax;
    QRectF area;
    friend bool operator==(const PictureKey&, const PictureKey&) = default;
  };
  std::optional<PictureKey> m_blocksKey;
  QImage m_blocksImage;
  struct CurvesKey {
    std::uint64_t run;
    int step, steps;
    bool dark;
    double ratio, scale;
    QRectF bytes, rows;
    friend bool operator==(const CurvesKey&, const CurvesKey&) = default;
  };
  std::optional<CurvesKey> m_curvesKey;
  QImage m_curvesImage;
};

std::unique_ptr<View> makeKvCacheView();

}  // namespace decodescope
