#pragma once

#include "core/explain/worked_numbers.h"
#include "views/grid_sheet.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

namespace decodescope {

/// The lectures' small tensors as equations of matrices. Not from any run.
class WorkedExampleModel {
 public:
  enum class Example { linear, norm, mask, softmax, cache, scaling };

  /// Works the example through unless it is the one already worked.
  void present(Example example, int seed);

  const std::vector<GridLine>& lines() const { return m_lines; }
  QString title() const { return m_title; }
  QStringList subtitle() const { return m_subtitle; }
  QString note() const;
  QStringList remarks() const { return m_remarks; }  ///< what to see, a sentence or two each
  QString toolTip(const GridSheet::Spot& spot) const;
  /// Where the number comes from; nothing where a cell is masked.
  std::optional<Explanation> explanation(const GridSheet::Spot& spot) const;
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  void makeLinear();
  void makeNorm();
  void makeMask();
  void makeSoftmax();
  void makeCache();
  void makeScaling();

  bool m_made = false;
  Example m_example = Example::linear;
  int m_seed = 1;
  WorkedExample m_worked;
  std::vector<GridLine> m_lines;
  QString m_title;
  QStringList m_subtitle, m_remarks;
};

}  // namespace decodescope
