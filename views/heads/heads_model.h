#pragma once

#include "views/cell_grid.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <span>
#include <vector>

namespace decodescope {

/// Which query heads read which key/value head: the rows of one token's queries, of the keys and values they
/// are compared with, and what each head makes of them. Letters as in core/README.md.
class HeadsModel {
 public:
  /// `rebuilt`: of MLA the keys and values that each head makes of the latents, not those themselves.
  void present(const ShownRun& shown, bool selectedKeyOnly, bool rebuilt = false);
  /// Of MLA: instead of keys and values the latents and rotary keys that all heads share.
  bool showsLatents() const { return isLatent() && !m_rebuilt; }
  /// Where the colours of q, k, v, context, latents and rotary keys end; 0 of those that are not shown.
  std::vector<double> scaleEnds() const;
  void setScaleEnds(const std::vector<double>& ends);

  bool ready() const { return m_ready; }
  QString emptyTitle() const;
  QString emptyText() const;

  int heads() const { return m_heads; }                  ///< H
  int keyValueHeads() const { return m_keyValueHeads; }  ///< G
  int headsPerGroup() const { return m_heads / m_keyValueHeads; }
  int headDim() const { return m_headDim; }  ///< d
  // Numbers of a row: d but for MLA's.
  int keyWidth() const { return m_keyWidth; }
  int valueWidth() const { return m_valueWidth; }
  int contextWidth() const { return m_contextWidth; }
  int query() const { return m_shown.selection.query.value; }
  int chosenHead() const { return m_shown.selection.head.value; }
  int groupOf(int head) const { return head / headsPerGroup(); }
  /// Keys that are shown: firstKey() … firstKey() + keys() − 1.
  int firstKey() const { return m_firstKey; }
  int keys() const { return m_keys; }
  const Selection& selection() const { return m_shown.selection; }

  /// (1, d): a query head's row of the token; after RoPE where there is one.
  CellGrid queryGrid(int head) const;
  /// (keys, d): a key/value head's rows; (keys, C) and (keys, r) where latents are shown.
  CellGrid keyGrid(int keyValueHead) const;
  CellGrid valueGrid(int keyValueHead) const;
  /// (1, d): what the head read, Σ_j a_j v_j.
  CellGrid contextGrid(int head) const;

  QString title() const;
  QStringList facts() const;
  QString note() const;     ///< "" when nothing needs to be said
  QString readout() const;  ///< of the chosen head
  QString shortReadout() const;
  QString queryToolTip(int head, int element) const;
  QString contextToolTip(int head, int element) const;
  QString keyToolTip(int keyValueHead, int row, int element, bool isValue) const;
  std::vector<NamedTable> tables() const;

 private:
  std::vector<float> rowsOf(int keyValueHead, bool isValue) const;
  std::span<const float> row(int position, int keyValueHead, bool isValue) const;
  bool isLatent() const { return m_shown.run && m_shown.config().attention == AttentionKind::latent; }
  bool isLinear() const { return m_shown.config().attention == AttentionKind::linear; }
  CellGrid grid(std::vector<float> values, int rows, int columns, Ink ink, double limit) const;
  QString readersText(int keyValueHead) const;

  ShownRun m_shown;
  bool m_ready = false;
  bool m_rebuilt = false;
  int m_heads = 1, m_keyValueHeads = 1, m_headDim = 1;
  int m_keyWidth = 1, m_valueWidth = 1, m_contextWidth = 1;
  int m_firstKey = 0, m_keys = 0;
  int m_missing = 0;
  double m_queryMax = 0, m_keyMax = 0, m_valueMax = 0, m_contextMax = 0;
};

}  // namespace decodescope
