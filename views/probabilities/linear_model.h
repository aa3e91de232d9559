#pragma once

#include "core/explain/explanation.h"
#include "core/model/model.h"
#include "views/cell_grid.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <optional>
#include <span>

namespace decodescope {

/// A linear layer's arithmetic on one token of the run: y = x · Wᵀ + b, and one neuron of it in full.
class LinearModel {
 public:
  /// `site` as chosen; nothing: the selection's own where that is a projection, else q_proj. `neuron`: row of
  /// W; nothing: the largest output by magnitude.
  void present(const ShownRun& shown, std::optional<Site> site, std::optional<int> neuron);

  bool ready() const { return m_explanation.has_value(); }
  Site site() const { return m_site; }
  int inputs() const { return static_cast<int>(m_x.size()); }
  int outputs() const { return static_cast<int>(m_y.size()); }
  int neuron() const { return m_neuron; }
  std::span<const float> x() const { return m_x; }
  std::span<const float> y() const { return m_y; }
  LinearWeights weights() const { return m_weights; }
  float product(int input) const;
  const Explanation& explanation() const { return *m_explanation; }

  CellGrid inputGrid() const;
  CellGrid weightGrid(int firstRow, int rows) const;
  CellGrid outputGrid(int firstRow, int rows) const;
  CellGrid biasGrid(int firstRow, int rows) const;  ///< no cells without biases
  CellGrid neuronGrid() const;                      ///< the neuron's row of W
  CellGrid productGrid() const;
  CellGrid sumGrid() const;  ///< x_0 w_0 + … + x_i w_i

  QString title() const;
  QStringList subtitle() const;
  QString result() const;  ///< "q[2] = Σ x_i w_i = 0.53"
  QString readout() const;
  QString shortReadout() const;
  QString toolTip(int neuron, int input) const;  ///< input −1: the output itself
  QString missingText() const;
  std::vector<NamedTable> tables() const;

 private:
  QString siteName() const;

  ShownRun m_shown;
  Site m_site = Site::qProj;
  LayerIndex m_layer{0};
  int m_neuron = 0;
  LinearWeights m_weights;
  std::vector<float> m_row;  ///< the neuron's weights
  std::span<const float> m_x, m_y;
  std::optional<Explanation> m_explanation;
  double m_weightMax = 0;
  const std::byte* m_weightMaxOf = nullptr;
};

/// The sites that are a linear layer's output, in the order of computation.
std::span<const Site> linearSites();

}  // namespace decodescope
