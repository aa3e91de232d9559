#pragma once

#include "core/attention/mask_strategies.h"
#include "core/explain/derived.h"
#include "views/cell_grid.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <array>
#include <optional>

namespace decodescope {

struct MaskSettings {
  enum class Rows {
    step,  ///< those that the shown step computed together; the prompt's where it computed one
    all,   ///< all tokens so far, as one pass over them would compute
  };
  Rows rows = Rows::step;
  double dropout = 0;  ///< p; 0: off

  friend bool operator==(const MaskSettings&, const MaskSettings&) = default;
};

/// The causal mask of one head: what the scores above the diagonal would have been, and the lecture's two
/// ways to weights without them. Without a pixel.
class MaskModel {
 public:
  void present(const ShownRun& shown, const MaskSettings& settings);

  bool ready() const { return m_strategies.tokens > 0; }
  int tokens() const { return m_strategies.tokens; }  ///< rows and columns shown
  const MaskStrategies& strategies() const { return m_strategies; }
  /// The run's own mask is off (a what-if lane): its weights are those before the mask.
  bool maskOff() const { return m_maskOff; }
  bool singleRow() const { return m_singleRow; }  ///< the shown step computed one new row
  int query() const { return m_query; }           ///< the selected row, inside the matrix
  int key() const { return m_key; }
  /// W of a sliding window, which the mask hides keys before; 0: none.
  int window() const;
  /// Whether the mask hides the key from the query: it is later, or before the query's window.
  bool hides(int query, int key) const { return key > query || (window() > 0 && key <= query - window()); }
  /// Share of a row's weight that lies on hidden keys before the mask, 0 … 1.
  double leak(int row) const;
  bool dropsOut() const { return m_settings.dropout > 0; }

  /// The matrices, in the order of the two ways.
  enum Panel { scores, softmaxAll, zeroed, renormalised, masked, weights, difference, dropout, kPanels };
  CellGrid panel(Panel panel) const;
  /// What a row of it sums to; empty for scores and differences.
  QString sumText(Panel panel, int row) const;
  QString label(int position) const { return m_shown.pieceAt(position); }

  /// One line of the table of the selected row: (1, T).
  struct RowLine {
    QString name;
    CellGrid grid;
    QString sum;
  };
  std::vector<RowLine> rowLines() const;
  /// The one row that a cached step computed, T at that step wide: all visible. Empty otherwise.
  CellGrid newRow() const;

  /// Where the scale of the scores ends; in pictures beside each other the largest of all.
  double scoreEnd() const { return m_scoreEnd; }
  void setScoreEnd(double end) { m_scoreEnd = end; }

  QString title() const;
  QStringList subtitle() const;
  QString note() const;
  QString conclusion() const;  ///< "both end in the same weights: largest difference 3e−08"
  QString readout() const;
  QString toolTip(Panel panel, int query, int key) const;
  /// Where a number comes from that is not the run's own; nothing for those, and where there is none.
  std::optional<Explanation> explanation(Panel panel, int query, int key) const;
  QString missingText() const;
  std::vector<NamedTable> tables() const;

 private:
  /// Fills the matrices unless they are those of the same rows already.
  void work(int tokens);
  const std::vector<float>& matrix(Panel panel) const;
  QString panelName(Panel panel) const;
  Operand cellOperand(const char* symbol, Panel panel, int query, int key) const;
  /// The softmax of a query's scores of the first `keys` keys.
  std::optional<Explanation> explainSoftmaxOf(const DerivedName& name, int query, int keys, int key,
                                              double shown) const;
  /// A score of a later key, which no run computes.
  std::optional<Explanation> explainScore(const DerivedName& name, int query, int key, double shown) const;

  ShownRun m_shown;
  MaskSettings m_settings;
  bool m_maskOff = false, m_singleRow = false, m_fromPrompt = false, m_shortened = false;
  int m_query = 0, m_key = 0;

  struct Key {
    std::uint64_t run = 0;
    const void* model = nullptr;
    const void* lastTrace = nullptr;
    int layer = -1, head = -1, tokens = 0;
    std::ptrdiff_t stored = 0;  ///< traces among them
    double dropout = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  Key m_of;  ///< what the matrices were made for
  MaskStrategies m_strategies;
  std::vector<float> m_difference, m_dropped;
  double m_scoreMax = 1;
  double m_scoreEnd = 1;
  int m_leakiest = 0;  ///< the row with most weight on hidden keys before the mask
};

}  // namespace decodescope
