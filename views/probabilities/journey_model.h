#pragma once

#include "views/cell_grid.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <vector>

namespace decodescope {

/// A token's journey: text → pieces → ids → embedding rows, and one token's row on its way through the
/// layers.
class JourneyModel {
 public:
  void present(const ShownRun& shown);

  int tokens() const { return m_shown.tokens; }
  int query() const { return m_shown.selection.query.value; }
  QString pieceAt(int position) const { return m_shown.pieceAt(position); }
  TokenId idAt(int position) const { return m_shown.run->tokens[static_cast<std::size_t>(position)]; }
  bool isPrompt(int position) const { return position < m_shown.run->promptLength; }
  /// Embedding rows of positions first … first+count−1: (count, D), one colour range for all.
  CellGrid embeddings(int first, int count) const;
  int width() const { return m_shown.config().hiddenSize; }  ///< D

  /// A stop on the chosen token's way. One row each; empty cells where the trace is not stored.
  struct Stop {
    QString name;  ///< "after layer 1"
    QString site;  ///< "layers.1.output"
    CellGrid grid;
    Site at = Site::embedTokens;
    LayerIndex layer = kNoLayer;
  };
  const std::vector<Stop>& stops() const { return m_stops; }

  QString title() const;
  QString text() const;  ///< what the tokens spell, its beginning where it is long
  QStringList subtitle() const;
  QString readout() const;
  QString tokenToolTip(int position) const;
  QString stopToolTip(const Stop& stop, int index) const;
  std::vector<NamedTable> tables() const;

 private:
  void addStop(const QString& name, Site site, LayerIndex layer);

  ShownRun m_shown;
  double m_embeddingMax = 1;
  const void* m_measured = nullptr;
  std::vector<Stop> m_stops;
};

}  // namespace decodescope
