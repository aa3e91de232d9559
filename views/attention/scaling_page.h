#pragma once

#include "core/attention/score_scaling.h"
#include "views/attention/attention_page.h"
#include "views/kept_image.h"
#include "views/plot.h"

#include <array>
#include <memory>

namespace decodescope {

/// The selected query's row under four divisors, on the head's actual q and k and on seeded normal numbers of
/// the same width.
struct ScalingNumbers {
  struct Column {
    double divisor = 1;
    SoftmaxShape actual;        ///< of the query's row
    double actualVariance = 0;  ///< of this row's scores
    SoftmaxShape normal;        ///< of as many normal keys
    double normalVariance = 0;  ///< measured by the experiment at this width
    double expected = 0;        ///< what it has to come to: d / divisor²
  };
  int headDim = 0, keys = 0;
  std::vector<float> scores, normalScores;  ///< undivided, (keys): this row's, and seeded ones
  std::array<Column, kScoreDivisors> columns;
  NormalScoresExperiment experiment;
  bool ready() const { return keys > 0; }
};
ScalingNumbers scalingNumbers(const AttentionModel& model);

/// Why scores are divided by √d.
class ScalingPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override;

 private:
  struct Bars {
    QRectF area;
    int column = 0;
    bool normal = false;
  };
  /// How a weight under one of the divisors was made.
  NumberPlace numberAt(const AttentionModel& model, const Selection& hovered, const Bars& bars,
                       int index) const;
  void paintColumns(QPainter& painter, const Theme& theme, const AttentionModel& model, const QRectF& body);
  void paintVariance(QPainter& painter, const Theme& theme, const QRectF& area);

  ScalingNumbers m_numbers;
  std::vector<Bars> m_bars;
  Plot m_plot;
  struct PlotKey {
    int headDim = 0;
    bool dark = false;
    double scale = 1;
    friend bool operator==(const PlotKey&, const PlotKey&) = default;
  };
  KeptImage<PlotKey> m_keptPlot;
};

}  // namespace decodescope
