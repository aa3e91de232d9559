#pragma once

#include "views/kept_image.h"
#include "views/kv_cache/work_model.h"
#include "views/legend.h"
#include "views/plot.h"

#include <array>
#include <optional>
#include <vector>

namespace decodescope {

/// Curves of the work by step, one plot a part, and the table of the shown step.
class KvWorkPicture {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const KvWorkModel& model);
  /// The step whose curve is under the point; nothing outside the plots.
  /// The step under a point, and which of the plotted parts.
  struct Spot {
    StepIndex step;
    std::size_t plot = 0;
  };
  std::optional<Spot> at(QPointF point) const;
  void clear();
  static std::vector<LegendItem> legend(const Theme& theme, const KvWorkModel& model);

 private:
  enum class TableSize { full, sumAlone };
  /// Returns its height, and draws it when it is asked to.
  double paintTable(QPainter& painter, const QRectF& area, const Theme& theme, const KvWorkModel& model,
                    TableSize size, bool draw) const;
  void paintFormulas(QPainter& painter, const QRectF& area, const Theme& theme,
                     const KvWorkModel& model) const;
  void paintPlot(QPainter& painter, const QRectF& area, const Theme& theme, const KvWorkModel& model,
                 KvWorkPart part, double largest, Plot& plot) const;

  struct Key {
    std::array<std::uint64_t, 2> runs;
    std::array<int, 2> steps;
    int shown, lane, measure;
    bool summed, dark;
    double scale;
    int generation;
    std::vector<double> ends;
    friend bool operator==(const Key&, const Key&) = default;
  };
  std::array<Plot, 3> m_plots;
  KeptImage<Key> m_image;
  int m_generation = 0;  ///< rises with every figure for a file, which moves the plots
};

}  // namespace decodescope
